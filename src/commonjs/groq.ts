/** `require('tidegate/groq')`. The ES module is `groq.ts`. */
import { dropInModule } from './drop-in-module.ts';

export default dropInModule({
  sdk: 'groq-sdk',
  load: () => require('groq-sdk') as unknown,
  classes: ['Groq'],
}) as object;
