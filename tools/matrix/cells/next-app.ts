/** A small application with both places in which server code runs, metrics, and an unguarded route. */

const CLIENT = (specifier: string): string => `
import OpenAI from '${specifier}';
import matrix from '../burst.cjs';
`;

export const NEXT_APP: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({ name: 'app', private: true, type: 'module' }),
  'next.config.mjs': "export default { serverExternalPackages: ['@opentelemetry/sdk-node'] };\n",
  'instrumentation.js': `
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return;
  const { startTelemetry } = await import('tidegate/telemetry');
  await startTelemetry({ port: Number(process.env.METRICS_PORT) });
}
`,
  'app/layout.jsx': 'export default ({ children }) => <html><body>{children}</body></html>;\n',
  'app/page.jsx': `
${CLIENT('tidegate/openai')}
export const dynamic = 'force-dynamic';
export default async function Page() {
  const outcome = await matrix.burst({ openai: new OpenAI(matrix.options('openai')) });
  return <pre>{'BEGIN' + Buffer.from(JSON.stringify(outcome)).toString('base64') + 'END'}</pre>;
}
`,
  'app/calls/route.js': `
${CLIENT('tidegate/openai').replace('../', '../../')}
import { defaultGuard } from 'tidegate';
export const dynamic = 'force-dynamic';
export async function GET() {
  const outcome = await matrix.burst({ openai: new OpenAI(matrix.options('openai')) });
  return Response.json({ outcome, calls: defaultGuard().snapshot().map(({ counts }) => counts.calls) });
}
`,
  'app/bare/route.js': `
${CLIENT('openai').replace('../', '../../')}
export const dynamic = 'force-dynamic';
export async function GET() {
  return Response.json({ outcome: await matrix.burst({ openai: new OpenAI(matrix.options('openai')) }) });
}
`,
};

/** Starts the built application, visits its pages, and checks its counters after each. */
export const DRIVE = `
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import matrix from './burst.cjs';

const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(String(port)));
  });
});
const port = await freePort();
const metricsPort = await freePort();
const env = { ...process.env, METRICS_PORT: metricsPort };
const app = spawn('next', ['start', '--hostname', '127.0.0.1', '--port', port], { env, stdio: ['ignore', 'pipe', 'inherit'] });
await new Promise((resolve, reject) => {
  app.stdout.on('data', (chunk) => chunk.includes('Ready') && resolve());
  app.once('exit', () => reject(new Error('next start ended')));
});

const read = async (path) => {
  const response = await fetch('http://127.0.0.1:' + port + path);
  const text = await response.text();
  if (!response.ok) throw new Error(path + ' answered ' + response.status + ': ' + text.slice(0, 300));
  return text;
};
const counted = async () => {
  const text = await (await fetch('http://127.0.0.1:' + metricsPort + '/metrics')).text();
  const samples = text.split('\\n').filter((line) => line.startsWith('tidegate_calls_total{'));
  return samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
};

const page = async () => JSON.parse(Buffer.from(/BEGIN(.*)END/.exec(await read('/'))[1], 'base64'));
const counts = [];
const component = await page();
counts.push(await counted());
const route = JSON.parse(await read('/calls'));
counts.push(await counted());
const again = await page();
counts.push(await counted());
const bare = JSON.parse(await read('/bare'));
const { calls } = component.openai;
matrix.report({ component: component.openai, route: route.outcome.openai, again: again.openai }, {
  'counters of both copies add up': String(counts) === String([calls, 2 * calls, 3 * calls]) || counts,
  'one lane for both copies': String(route.calls) === String([2 * calls]) || route.calls,
  'the bare route loses calls': bare.outcome.openai.lost > 0 || bare,
});
app.kill();
`;
