import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'rolldown';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = join(ROOT, 'src/console/page');

interface Page {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

/** Builds the page of the console for a browser: one script with the chart library in it, one style. */
export async function buildPage(): Promise<Page> {
  const [html, style, chartStyle, { output }] = await Promise.all([
    readFile(join(PAGE, 'index.html'), 'utf8'),
    readFile(join(PAGE, 'style.css'), 'utf8'),
    readFile(join(ROOT, 'node_modules/uplot/dist/uPlot.min.css'), 'utf8'),
    build({
      cwd: ROOT,
      input: join(PAGE, 'main.ts'),
      platform: 'browser',
      write: false,
      transform: { target: 'es2022' },
      output: { format: 'esm', minify: true, sourcemap: false },
    }),
  ]);
  return { html: withoutIndents(html), script: output[0].code, style: smallStyle(`${chartStyle}\n${style}`) };
}

const withoutIndents = (html: string): string => html.replace(/^ +/gm, '');

const smallStyle = (css: string): string =>
  css
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};]) ?/g, '$1');

/** Puts the page, built, in place of the module that builds it. */
export const consolePage: Plugin = {
  name: 'console-page',
  async load(id) {
    if (!id.endsWith('/src/console/page-assets.ts')) return undefined;
    const page = JSON.stringify(await buildPage());
    return {
      code: `const page = ${page};\nexport const pageAssets = () => Promise.resolve(page);\n`,
      moduleType: 'js',
    };
  },
};
