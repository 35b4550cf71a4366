/** `require('tidegate/openai')`. The ES module is `openai.ts`. */
import { dropInModule } from './drop-in-module.ts';

export default dropInModule({
  sdk: 'openai',
  load: () => require('openai') as unknown,
  classes: ['OpenAI', 'AzureOpenAI', 'BedrockOpenAI'],
}) as object;
