import { registerHooks } from 'node:module';

/** Lets `import 'tidegate'` reach the source: for running examples as they are, without a build. */
registerHooks({
  resolve(specifier, context, nextResolve) {
    const entry = /^tidegate(?:\/(\w+))?$/.exec(specifier);
    if (!entry) return nextResolve(specifier, context);
    return { url: new URL(`../../src/${entry[1] ?? 'index'}.ts`, import.meta.url).href, shortCircuit: true };
  },
});
