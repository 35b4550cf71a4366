import { chmod } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'rolldown';
import { minify } from 'rolldown/utils';
import { consolePage } from './console-page.ts';
import { DROP_INS, ENTRIES } from './entries.ts';

/**
 * Builds every entry as an ES module and as a CommonJS one; the two kinds share no file.
 *
 * @returns the bundled modules, including those of packages
 */
export async function buildModules(root: string, target: string): Promise<string[]> {
  const outputs = await build([
    options(root, sources([...ENTRIES, ...DROP_INS, 'cli']), {
      dir: target,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'shared/[name]-[hash].js',
    }),
    options(
      root,
      { ...sources(ENTRIES), ...sources(DROP_INS, 'commonjs/') },
      {
        dir: target,
        format: 'cjs',
        exports: 'auto',
        entryFileNames: '[name].cjs',
        chunkFileNames: 'shared/[name]-[hash].cjs',
        // An application's `require` loads these packages in their own CommonJS build, and Jest has no `import()`
        // there.
        dynamicImportInCjs: false,
        // A drop-in creates `module.exports` when it runs; this declares its names to tools that only parse it (Node's
        // lexer, attw).
        postFooter: ({ name }) =>
          DROP_INS.includes(name) ? '0 && (exports.default = exports.__esModule = true);\n' : '',
      },
    ),
  ]);
  await chmod(join(target, 'cli.js'), 0o755);
  return outputs.flatMap(({ output }) => output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : [])));
}

/** Packages that applications bring themselves: the SDKs, and the optional peers. Everything else is bundled. */
const EXTERNAL = /^(?:openai|groq-sdk|@anthropic-ai|@opentelemetry|@pydantic)(?:\/|$)/;

function options(root: string, input: Record<string, string>, output: BuildOptions['output']): BuildOptions {
  return {
    cwd: root,
    input,
    platform: 'node',
    // See docs/decisions/0009 and 0013.
    external: (id) => EXTERNAL.test(id),
    plugins: [noAbortControllerAtImport, builtinsByFullName, smallLibraries, optionalPeers, consolePage],
    // `sideEffects` of package.json describes the build output, not the sources.
    treeshake: { moduleSideEffects: (id, external) => !external && !id.includes('/node_modules/') },
    transform: { target: 'es2023' },
    // The sources are not shipped, and the output is as readable as they are.
    output: { ...output, sourcemap: false, minify: false },
    onLog(level, log, handle) {
      // A warning of rolldown fails the build. A slow plugin is none: the machine may be busy.
      if (level === 'warn' && log.code !== 'PLUGIN_TIMINGS') throw new Error(log.message);
      handle(level, log);
    },
  };
}

/**
 * Cloudflare's workerd refuses an AbortController that is created while a module loads. cockatiel creates two: one
 * whose signal it only checks, and one that it never uses.
 */
const noAbortControllerAtImport: Plugin = {
  name: 'no-abort-controller-at-import',
  transform(code, id) {
    if (!id.endsWith('/cockatiel/dist/common/abort.js')) return undefined;
    const [before, after, ...rest] = code.split(/^const cancelledSrc = [^]*?^export const abortedSignal = .*$/m);
    const eager = 'export const neverAbortedSignal = new AbortController().signal;';
    if (before === undefined || after === undefined || rest.length > 0 || !before.includes(eager)) {
      throw new Error(`${id} is another file than this was written for`);
    }
    return { code: before.replace(eager, 'export const neverAbortedSignal = { aborted: false };') + after, map: null };
  },
};

/**
 * A package may import Node's modules without `node:`, which not every runtime supports, and a package could have that
 * name.
 */
const builtinsByFullName: Plugin = {
  name: 'builtins-by-full-name',
  resolveId: (id) => (isBuiltin(id) ? { id: id.replace(/^(?!node:)/, 'node:'), external: true } : undefined),
};

const LATE_REQUIRE =
  /Promise\.resolve\(\)\.then\(\(\) => ((?:\/\* @__PURE__ \*\/ )?[\w.]*__toESM\(require\("([^"]+)"\)(?:, 1)?\))\)/g;

/**
 * In CommonJS an `import()` becomes a `require` inside a function. Bundlers treat a missing package as optional if its
 * `require` is directly inside a `try`, without a function in between.
 */
const optionalPeers: Plugin = {
  name: 'optional-peers',
  renderChunk(code, _chunk, { format }) {
    if (format !== 'cjs') return undefined;
    return {
      code: code.replaceAll(LATE_REQUIRE, (all, call: string, id: string) => (EXTERNAL.test(id) ? call : all)),
      map: null,
    };
  },
};

/**
 * Chunks of the command line that consist mostly of libraries: the largest in the package, and not meant to be read.
 */
const LIBRARIES: readonly string[] = ['charts', 'rules-files'];

const smallLibraries: Plugin = {
  name: 'small-libraries',
  async renderChunk(code, { name }) {
    if (!LIBRARIES.includes(name)) return undefined;
    const { code: small, errors } = await minify(`${name}.js`, code, { module: true });
    if (errors.length > 0) throw new Error(errors[0]!.message);
    return { code: small, map: null };
  },
};

function sources(names: readonly string[], folder = ''): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `src/${folder}${name}.ts`]));
}
