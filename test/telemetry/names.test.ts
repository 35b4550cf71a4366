import { readFileSync } from 'node:fs';
import * as stable from '@opentelemetry/semantic-conventions';
import * as incubating from '@opentelemetry/semantic-conventions/incubating';
import { describe, expect, it } from 'vitest';
import { PROVIDERS } from '../../src/telemetry/contract/closed-sets.ts';
import { GEN_AI_METRICS } from '../../src/telemetry/contract/gen-ai-metrics.ts';
import { METRICS } from '../../src/telemetry/contract/metrics.ts';
import { ATTR, EVENT, OTHER, VERSION } from '../../src/telemetry/names.ts';

describe('names', () => {
  it('equal the published conventions if both define one', () => {
    expect({
      operation: ATTR.operation,
      provider: ATTR.provider,
      requestModel: ATTR.requestModel,
      requestStream: ATTR.requestStream,
      responseId: ATTR.responseId,
      responseModel: ATTR.responseModel,
      finishReasons: ATTR.finishReasons,
      timeToFirstChunk: ATTR.timeToFirstChunk,
      inputTokens: ATTR.inputTokens,
      outputTokens: ATTR.outputTokens,
      cacheReadTokens: ATTR.cacheReadTokens,
      reasoningTokens: ATTR.reasoningTokens,
      tokenType: ATTR.tokenType,
      errorType: ATTR.errorType,
      statusCode: ATTR.statusCode,
      resendCount: ATTR.resendCount,
      serverAddress: ATTR.serverAddress,
      serverPort: ATTR.serverPort,
      other: OTHER,
    }).toEqual({
      operation: incubating.ATTR_GEN_AI_OPERATION_NAME,
      provider: incubating.ATTR_GEN_AI_PROVIDER_NAME,
      requestModel: incubating.ATTR_GEN_AI_REQUEST_MODEL,
      requestStream: incubating.ATTR_GEN_AI_REQUEST_STREAM,
      responseId: incubating.ATTR_GEN_AI_RESPONSE_ID,
      responseModel: incubating.ATTR_GEN_AI_RESPONSE_MODEL,
      finishReasons: incubating.ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
      timeToFirstChunk: incubating.ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
      inputTokens: incubating.ATTR_GEN_AI_USAGE_INPUT_TOKENS,
      outputTokens: incubating.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
      cacheReadTokens: incubating.ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
      reasoningTokens: incubating.ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
      tokenType: incubating.ATTR_GEN_AI_TOKEN_TYPE,
      errorType: stable.ATTR_ERROR_TYPE,
      statusCode: stable.ATTR_HTTP_RESPONSE_STATUS_CODE,
      resendCount: stable.ATTR_HTTP_REQUEST_RESEND_COUNT,
      serverAddress: stable.ATTR_SERVER_ADDRESS,
      serverPort: stable.ATTR_SERVER_PORT,
      other: stable.ERROR_TYPE_VALUE_OTHER,
    });
    for (const name of [
      incubating.METRIC_GEN_AI_CLIENT_OPERATION_DURATION,
      incubating.METRIC_GEN_AI_CLIENT_TOKEN_USAGE,
      incubating.METRIC_GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
    ]) {
      expect(GEN_AI_METRICS).toHaveProperty([name]);
    }
  });

  it('use the published provider names', () => {
    for (const name of [
      incubating.GEN_AI_PROVIDER_NAME_VALUE_OPENAI,
      incubating.GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI,
      incubating.GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC,
      incubating.GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK,
      incubating.GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI,
      incubating.GEN_AI_PROVIDER_NAME_VALUE_GROQ,
    ]) {
      expect(PROVIDERS).toHaveProperty([name], true);
    }
  });

  it('carry the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(VERSION).toBe(version);
  });

  it('are unique, and stay apart as Prometheus names', () => {
    const names = Object.keys({ ...METRICS, ...GEN_AI_METRICS }).map((name) => name.replaceAll(/[^a-zA-Z0-9]/g, '_'));
    expect(new Set(names).size).toBe(names.length);
    const attributes = [...Object.values(ATTR), ...Object.values(EVENT)];
    expect(new Set(attributes).size).toBe(attributes.length);
  });
});
