import type { Cell, Folder } from '../cell.ts';
import { controlOf } from '../control.ts';
import { program } from '../program.ts';
import { version } from '../versions.ts';

const SECTION = 'SDKs';

/** The oldest supported versions, those before OpenAI's last major version, and the newest. */
const SETS: readonly (readonly [openai: string, anthropic: string, groq: string])[] = [
  ['5.0.0', '0.50.4', '1.1.1'],
  ['6.49.0', '0.137.0', '1.2.1'],
  [version('openai'), version('@anthropic-ai/sdk'), version('groq-sdk')],
];

export const sdkCells: readonly Cell[] = SETS.flatMap(([openai, anthropic, groq]) => {
  const folder: Folder = {
    name: `sdks-${openai}`,
    packages: { openai, '@anthropic-ai/sdk': anthropic, 'groq-sdk': groq },
  };
  const row = `openai ${openai}, @anthropic-ai/sdk ${anthropic}, groq-sdk ${groq}`;
  return (['ES module', 'CommonJS'] as const).flatMap((column) => {
    const [modules, file] = column === 'ES module' ? (['esm', 'app.mjs'] as const) : (['cjs', 'app.cjs'] as const);
    const cell = (name: string, way: 'bare' | 'drop-in' | 'wrap', args: readonly string[] = []): Cell => ({
      id: `openai ${openai} and of its time, ${column}, ${name}`,
      place: [SECTION, row, column],
      folder,
      files: { [file]: program(modules, way) },
      steps: [{ argv: ['node', ...args, file] }],
      expect: 'guarded',
    });
    return [
      controlOf(cell('no guard', 'bare')),
      cell('drop-in', 'drop-in'),
      cell('wrap', 'wrap'),
      cell('register', 'bare', ['--import', 'tidegate/register']),
    ];
  });
});
