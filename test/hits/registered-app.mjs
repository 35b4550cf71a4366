import OpenAI from 'openai';

const client = new OpenAI();
const messages = [{ role: 'user', content: 'hi' }];
await client.chat.completions.create({ model: 'gpt-4o-mini', messages }).catch(() => undefined);
