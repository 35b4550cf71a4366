import { registerHooks } from 'node:module';

/** Resolves `import 'tidegate'` to the source, to run examples unchanged without a build. */
registerHooks({
  resolve(specifier, context, nextResolve) {
    const entry = /^tidegate(?:\/(\w+))?$/.exec(specifier);
    if (!entry) return nextResolve(specifier, context);
    return { url: new URL(`../../src/${entry[1] ?? 'index'}.ts`, import.meta.url).href, shortCircuit: true };
  },
});
