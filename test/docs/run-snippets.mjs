// Runs programs of the documentation one after another: every provider is a simulator, wherever its host is.
// Arguments: files. Prints a JSON line for each: what it printed, or what it failed of.
import { registerHooks } from 'node:module';
import { resetDefaultGuard, startSimulator } from 'tidegate/testing';

// The OpenAI Agents SDK wants zod 4, other SDKs in this repository zod 3; the package that is there has both.
registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier === 'zod' && context.parentURL?.includes('/@openai/agents-') ? 'zod/v4' : specifier, context),
});

const limits = { requestsPerMinute: 6_000, tokensPerMinute: 10_000_000 };
const start = (provider) => startSimulator({ provider, limits, reply: () => 'ham' });
const simulators = {
  openai: await start('openai'),
  anthropic: await start('anthropic'),
  groq: await start('groq'),
  azure: await start('azure'),
};

function simulatorOf(host) {
  if (host.includes('anthropic')) return simulators.anthropic;
  if (host.includes('groq')) return simulators.groq;
  if (host.includes('azure')) return simulators.azure;
  return simulators.openai;
}

const send = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const url = new URL(typeof input === 'object' && 'url' in input ? input.url : input);
  if (url.protocol === 'http:') return send(input, init);
  const target = new URL(url.pathname + url.search, simulatorOf(url.host).url);
  return send(target, init);
};
for (const name of ['OPENAI', 'ANTHROPIC', 'GROQ', 'AZURE_OPENAI', 'MISTRAL', 'GEMINI', 'DEEPSEEK', 'OPENROUTER']) {
  process.env[`${name}_API_KEY`] = 'simulated';
}
process.env.AZURE_OPENAI_ENDPOINT = 'https://example.openai.azure.com';
process.env.OPENAI_API_VERSION = '2025-03-01-preview';

const request = () => new Request('http://127.0.0.1/', { method: 'POST', body: JSON.stringify({ text: 'hello' }) });

for (const file of process.argv.slice(2)) {
  const printed = [];
  const original = { ...console };
  for (const name of ['log', 'warn', 'error']) console[name] = (...words) => printed.push(words.map(String).join(' '));
  let failure;
  const warned = ({ name, message }) => name === 'TidegateWarning' && printed.push(`warning: ${message}`);
  process.on('warning', warned);
  const requests = () => Object.values(simulators).reduce((sum, each) => sum + each.stats().requests, 0);
  const before = requests();
  try {
    const module = await import(new URL(file, `file://${process.cwd()}/`));
    // What a framework would call.
    for (const name of ['GET', 'POST', 'handler']) if (module[name]) await module[name](request());
  } catch (error) {
    failure = error?.stack ?? String(error);
  }
  await new Promise(setImmediate);
  process.off('warning', warned);
  Object.assign(console, original);
  console.log(JSON.stringify({ file, printed, failure, requests: requests() - before }));
  await resetDefaultGuard();
}
// Telemetry that a program has started, its timers and its servers end with it.
process.exit();
