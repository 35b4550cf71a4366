/** Pages of metrics or limits are far smaller; an endless one must not fill the memory. */
const MAX_BYTES = 16 * 1_048_576;

/** The text of a response. @throws Error if it is too long. */
export async function readPage(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_BYTES) throw new Error('the answer is too long');
  }
  return text + decoder.decode();
}
