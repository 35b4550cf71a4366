import { busy, refusedAs, type SampleFile } from './sample.ts';

const error = (message: string, fields: object = {}): object => ({ error: { message, ...fields } });
const zhipu = (code: string, message: string): object => error(message, { code });
const moonshot = (message: string): object => error(message, { type: 'rate_limit_reached_error' });
const siliconFlow = (what: string): object => ({
  message: `Request was rejected due to rate limiting. Details: ${what} limit reached.`,
  data: null,
});

export const CHINESE_SAMPLES: SampleFile = {
  title: 'Zhipu, Moonshot, Qwen, SiliconFlow, Volcengine and Baidu, through the API of OpenAI’s clients',
  adapter: 'openai',
  samples: [
    {
      name: 'Zhipu: a rate',
      body: zhipu('1302', '您的账户已达到速率限制，请您控制请求频率'),
      source: 'github.com/presenton/presenton/issues/763',
      date: '2026-07-19',
      ...refusedAs('unknown'),
    },
    {
      name: 'Zhipu: concurrency',
      body: zhipu('1302', '您当前使用该API的并发数过高，请降低并发，或联系客服增加限额。'),
      source: 'github.com/anomalyco/opencode/issues/9789',
      date: '2026-01-21',
      ...refusedAs('concurrency'),
    },
    {
      name: 'Zhipu: concurrency, in English',
      body: zhipu(
        '1302',
        'High concurrency usage of this API, please reduce concurrency or contact customer service to increase limits',
      ),
      source: 'github.com/kaitranntt/ccs/issues/402',
      date: '2026-01-30',
      ...refusedAs('concurrency'),
    },
    {
      name: 'Zhipu: requests',
      body: zhipu('1302', 'Rate limit reached for requests'),
      source: 'github.com/kaitranntt/ccs/issues/536',
      date: '2026-02-11',
      ...refusedAs('requests'),
    },
    {
      name: 'Zhipu: what a plan gives in five hours',
      body: zhipu('1308', '已达到 5\n小时的使用上限。您的限额将在 2026-08-25 07:41:44 重置。'),
      source: 'github.com/dirge-code/dirge/issues/818',
      date: '2026-08-24',
      ...refusedAs('unknown'),
    },
    {
      name: 'Moonshot: requests of an organization',
      body: moonshot('request reached organization max RPM: 3, please try again after 1 seconds'),
      source: 'github.com/MoonshotAI/Kimi-K2/issues/34',
      date: '2025-07-20',
      ...refusedAs('requests', 1_000),
      limit: 3,
    },
    {
      name: 'Moonshot: requests, older wording',
      body: moonshot('max request per minute reached: 3, please try again after 1 seconds'),
      source: 'github.com/harry0703/MoneyPrinterTurbo/issues/208',
      date: '2024-04-09',
      ...refusedAs('requests', 1_000),
      limit: 3,
    },
    {
      name: 'Moonshot: a limit without a name',
      body: moonshot('Rate limit exceeded, please try again after 1 seconds'),
      source: 'github.com/CherryHQ/cherry-studio/issues/2959',
      date: '2025-03-06',
      ...refusedAs('unknown', 1_000),
    },
    {
      name: 'Moonshot: tokens of a project',
      body: moonshot(
        'Your account x / proj-x <ak-x> request reached project TPM rate limit, current: 1410, limit: 100, see https://platform.moonshot.cn/docs/pricing/limits',
      ),
      source: 'github.com/LLM-Red-Team/kimi-cc/issues/41',
      date: '2025-08-04',
      ...refusedAs('tokens'),
      limit: 100,
    },
    {
      name: 'Moonshot: overloaded',
      status: 429,
      body: error('The engine is currently overloaded, please try again later', { type: 'engine_overloaded_error' }),
      source: 'github.com/MoonshotAI/kimi-code/issues/1252',
      date: '2026-07-01',
      ...busy,
    },
    {
      name: 'Qwen: tokens a minute, in words of money',
      body: error(
        'You exceeded your current quota, please check your plan and billing details. For details, see: https://help.aliyun.com/zh/model-studio/error-code#token-limit',
        { type: 'insufficient_quota', code: 'insufficient_quota' },
      ),
      source: 'github.com/anomalyco/opencode/issues/23722: goes on every minute',
      date: '2026-04-21',
      ...refusedAs('tokens'),
    },
    {
      name: 'Qwen: tokens a minute',
      body: error(
        'Allocated quota exceeded, please increase your quota limit. For details, see: https://help.aliyun.com/zh/model-studio/error-code#token-limit',
      ),
      source: 'github.com/QwenLM/Qwen/issues/2254',
      date: '2026-06-03',
      ...refusedAs('tokens'),
    },
    {
      name: 'Qwen: growth',
      body: error(
        'Upstream error from Alibaba: Request rate increased too quickly. To ensure system stability, please adjust your client logic to scale requests more smoothly over time.',
      ),
      source: 'github.com/paperclipai/paperclip/issues/2885',
      date: '2026-04-05',
      ...refusedAs('acceleration'),
    },
    {
      name: 'SiliconFlow: tokens',
      body: siliconFlow('TPM'),
      source: 'github.com/AIDotNet/OpenDeepWiki/issues/269',
      date: '2025-09-26',
      ...refusedAs('tokens'),
    },
    {
      name: 'SiliconFlow: requests an hour',
      body: siliconFlow('RPH'),
      source: 'github.com/jxq1997216/AITranslator/issues/32',
      date: '2025-02-28',
      ...refusedAs('requests'),
    },
    {
      name: 'Volcengine: tokens',
      body: error('TPM (Tokens Per Minute) limit of the model deepseek-v4-1-flash is exceeded. Please try again later'),
      source: 'github.com/Vizards/deepseek-v4-for-copilot/issues/279',
      date: '2026-09-16',
      ...refusedAs('tokens'),
    },
    {
      name: 'Baidu: requests',
      body: error('Rate limit reached for RPM', { code: 'rpm_rate_limit_exceeded', type: 'rate_limit_exceeded' }),
      source: 'github.com/PaddlePaddle/ERNIE/issues/1031',
      date: '2025-07-16',
      ...refusedAs('requests'),
    },
  ],
};
