// An application that knows nothing of tidegate: makes calls, and ends by itself.
import OpenAI from 'openai';

const client = new OpenAI({ apiKey: 'simulated', baseURL: process.argv[2], maxRetries: 2 });
const body = { model: 'gpt-4o-mini', max_completion_tokens: 16, messages: [{ role: 'user', content: 'Hello' }] };
await Promise.all(Array.from({ length: Number(process.argv[3] ?? 40) }, () => client.chat.completions.create(body)));
process.stdout.write('done');
