/** Labels by the scope of a metric: attribute and set of values. */
export const SCOPES = {
  process: {},
  provider: { 'gen_ai.provider.name': 'PROVIDERS' },
  model: { 'gen_ai.provider.name': 'PROVIDERS', 'gen_ai.request.model': 'MODEL' },
  call: {
    'gen_ai.provider.name': 'PROVIDERS',
    'gen_ai.request.model': 'MODEL',
    'gen_ai.operation.name': 'OPERATIONS',
  },
  limit: {
    'gen_ai.provider.name': 'PROVIDERS',
    'gen_ai.request.model': 'MODEL',
    'tidegate.limit.dimension': 'DIMENSIONS',
  },
  queue: { 'gen_ai.provider.name': 'PROVIDERS', 'tidegate.bulkhead': 'LANE' },
  circuit: { 'gen_ai.provider.name': 'PROVIDERS', 'tidegate.circuit': 'CIRCUIT' },
} as const;

/** Labels that the conventions omit if unknown. */
export const OPTIONAL = {
  answered: { 'server.address': 'SERVER', 'server.port': 'PORT', 'gen_ai.response.model': 'RESPONSE_MODEL' },
  ended: {
    'server.address': 'SERVER',
    'server.port': 'PORT',
    'gen_ai.response.model': 'RESPONSE_MODEL',
    'error.type': 'ERROR_TYPE',
  },
} as const;

/** Descriptions of value sets that are not enumerated. The enumerated ones are in `closed-sets.ts`. */
export const OPEN_SETS = {
  MODEL: 'requested model; the first 20, then `_OTHER`',
  RESPONSE_MODEL: 'model that answered; the first 20, then `_OTHER`',
  LANE: 'the lane, `provider/pool`, of the first 20',
  CIRCUIT: 'the lane, of the first 50',
  SERVER: 'host of the provider, of the first 20',
  PORT: 'its port',
  STATUS: 'status code if it is a known one, otherwise its class (`5xx`); `none` without a response',
  ERROR_TYPE: 'known error code or status, otherwise `_OTHER`',
  MODALITY: '`unknown`: providers do not report them separately',
  VERSION: 'of tidegate',
  SDK: '`js`',
} as const;
