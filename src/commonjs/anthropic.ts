/** `require('tidegate/anthropic')`. The ES module is `anthropic.ts`. */
import { dropInModule } from './drop-in-module.ts';

export default dropInModule({
  sdk: '@anthropic-ai/sdk',
  load: () => require('@anthropic-ai/sdk') as unknown,
  classes: ['Anthropic', 'BaseAnthropic'],
}) as object;
