import { expect, it } from 'vitest';
import { loadedFirst } from '../../src/register/loaded-first.ts';

it.each([
  { execArgv: ['--import', 'tidegate/register'] },
  { execArgv: ['--import=tidegate/register', '--import', './app-tracing.mjs'] },
  { execArgv: ['--import', './tracing.mjs', '--require', 'tidegate/register'] },
  { execArgv: ['-r', 'tidegate/register', '--enable-source-maps'] },
  { execArgv: ['--import', 'file:///app/node_modules/tidegate/dist/register.js'] },
  { execArgv: ['--import', './tracing.mjs'], nodeOptions: '--max-old-space-size=400 --import "tidegate/register"' },
])('register is the first module in $execArgv $nodeOptions', ({ execArgv, nodeOptions }) => {
  expect(loadedFirst(execArgv, nodeOptions ?? '')).toBe(true);
});

it.each([
  { execArgv: [] },
  { execArgv: ['--import', './tracing.mjs', '--import', 'tidegate/register'] },
  { execArgv: ['--require', './tracing.cjs', '--import', 'tidegate/register'] },
  { execArgv: ['--import', 'tidegate/register'], nodeOptions: '--import=dd-trace/initialize.mjs' },
  { execArgv: ['--import', 'not-tidegate/register'] },
])('another module may precede it in $execArgv $nodeOptions', ({ execArgv, nodeOptions }) => {
  expect(loadedFirst(execArgv, nodeOptions ?? '')).toBe(false);
});
