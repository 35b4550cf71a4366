// Starts telemetry where the named package cannot be found, and prints what came of it.
import { registerHooks } from 'node:module';

const [missing, metrics] = process.argv.slice(2);
registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== missing) return next(specifier, context);
    throw Object.assign(new Error(`Cannot find package '${specifier}'`), { code: 'ERR_MODULE_NOT_FOUND' });
  },
});
const { startTelemetry } = await import('../../src/telemetry.ts');
try {
  const telemetry = await startTelemetry(metrics ? { metrics } : { port: 0 });
  console.log(JSON.stringify({ started: telemetry.url.startsWith('http://127.0.0.1:') }));
  // No shutdown: the endpoint must not keep the process alive.
} catch (error) {
  console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message }));
}
