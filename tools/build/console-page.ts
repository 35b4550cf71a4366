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

/** Modules in the script, including those of packages. */
export interface BuiltPage extends Page {
  readonly modules: readonly string[];
}

/** Builds the console's page for a browser: one script with the chart library in it, one style sheet. */
export async function buildPage(): Promise<BuiltPage> {
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
  return {
    html: withoutIndents(html),
    script: output[0].code,
    style: smallStyle(`${chartStyle}\n${style}`),
    modules: output[0].moduleIds,
  };
}

const withoutIndents = (html: string): string => html.replace(/^ +/gm, '');

const smallStyle = (css: string): string =>
  css
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};]) ?/g, '$1');

/** Replaces the module that builds the page by the built page. */
export const consolePage: Plugin = {
  name: 'console-page',
  async load(id) {
    if (!id.endsWith('/src/console/page-assets.ts')) return undefined;
    const { modules: _modules, ...page } = await buildPage();
    return {
      code: `const page = ${JSON.stringify(page satisfies Page)};\nexport const pageAssets = () => Promise.resolve(page);\n`,
      moduleType: 'js',
    };
  },
};
