import { createGuard } from '../src/guard.ts';
import { SUBJECTS } from './lib/subjects.ts';
import { createOtel } from './lib/otel.ts';
const [kind = 'bare', n = '160000', sdk = 'groq'] = process.argv.slice(2);
if (kind === 'on') createOtel().register();
const s = SUBJECTS.find((x) => x.name === sdk)!;
let c = s.client('x');
if (kind !== 'bare') c = createGuard(kind === 'off' ? { telemetry: false } : {}).wrap(c);
const collect = async () => {
  for (let r = 0; r < 4; r++) {
    await gc!({ type: 'major', execution: 'async' });
    await new Promise((x) => setTimeout(x, 5));
  }
  return process.memoryUsage().heapUsed / 1024;
};
for (let i = 0; i <= Number(n); i += 8) {
  await Promise.all(Array.from({ length: 8 }, () => s.call(c)));
  await new Promise((r) => setImmediate(r));
  if (i % 40000 === 0) console.log(kind, i, (await collect()).toFixed(0));
}
process.exit(0);
