import { expect, test } from 'vitest';
import { tokenInterval } from '../../../src/commands/batch/token-interval.ts';

/** Counted by js-tiktoken with `o200k_base`, and seven tokens for a chat of one message. */
const COUNTED: readonly (readonly [text: string, tokens: number])[] = [
  ['hi', 8],
  ['Row 12 is it spam?', 14],
  ['Write a summary of the following article, in three sentences, for readers who know nothing of the subject.', 28],
  ['这是一个测试句子，用来计算令牌数量。今天天气很好。', 24],
  ['Это проверка количества токенов в русском тексте, который довольно длинный.', 24],
  ['4f2d9c01be77a3085d6e11fa90c3b2746f8e5d30c19a7be2846d0f53127ac9be', 51],
  ['\u{1f600}\u{1f680}\u{1f9ea}\u{1f1e9}\u{1f1ea}', 17],
];

test.each(COUNTED)('%s', (content, tokens) => {
  const [from, to] = tokenInterval({ messages: [{ role: 'user', content }] });
  expect(from).toBeLessThanOrEqual(tokens);
  expect(to).toBeGreaterThanOrEqual(tokens);
});

test('is narrower for plain text than for arbitrary data', () => {
  const width = (content: string): number => {
    const [from, to] = tokenInterval({ messages: [{ role: 'user', content: content.repeat(100) }] });
    return to / from;
  };
  expect(width('Plain words of a letter. ')).toBeLessThan(3);
  expect(width('词'.repeat(10))).toBeLessThan(9);
});
