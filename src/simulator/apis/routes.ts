import type { JsonObject } from '../json.ts';
import { asString } from '../json.ts';
import type { SimulatorProvider } from '../limits/limit-rules.ts';
import type { Store } from './store.ts';
import { chatWork } from './chat.ts';
import { imagesWork, speechWork, transcriptionWork } from './media.ts';
import { countTokensWork, messagesWork } from './messages.ts';
import { completionsWork, embeddingsWork, moderationsWork } from './other.ts';
import { responsesWork } from './responses.ts';
import type { Work, WorkContext } from './work.ts';
import { BadRequest } from './work.ts';

/** A request as it reached an endpoint. */
export interface RoutedRequest {
  /** JSON, or the fields of a form with the file's bytes under `file` and its name under `filename`. */
  readonly body: JsonObject;
  readonly query: URLSearchParams;
  readonly origin: string;
  readonly store: Store;
}

export interface Route {
  readonly handle: (request: RoutedRequest, context: WorkContext) => Work;
  /** Azure's deployment. */
  readonly deployment?: string;
}

type TextHandler = (body: JsonObject, model: string, context: WorkContext) => Work;

const OPENAI_POSTS: Readonly<Record<string, TextHandler>> = {
  'chat/completions': chatWork,
  responses: responsesWork,
  completions: completionsWork,
  embeddings: embeddingsWork,
  moderations: moderationsWork,
  'images/generations': imagesWork,
  'audio/speech': speechWork,
  'audio/transcriptions': transcriptionWork,
  'audio/translations': transcriptionWork,
};

const ANTHROPIC_POSTS: Readonly<Record<string, TextHandler>> = {
  messages: messagesWork,
  'messages/count_tokens': countTokensWork,
};

/** Models of endpoints whose requests may leave the model out. */
const DEFAULT_MODELS: Readonly<Record<string, string>> = {
  moderations: 'omni-moderation-latest',
  'images/generations': 'gpt-image-1',
};

/** Finds the endpoint of a path; prefixes (`/v1`, `/openai`, `/openai/v1`, repeated ones) do not matter. */
export function findRoute(provider: SimulatorProvider, method: string, pathname: string): Route | undefined {
  let path = pathname.replace(/^\/+|\/+$/g, '').replace(/^(?:(?:openai|v1)(?:\/|$))+/, '');
  let deployment: string | undefined;
  if (provider === 'azure') {
    const match = /^deployments\/([^/]+)\/(.+)$/.exec(path);
    if (match) [, deployment, path] = [match[0], decodeURIComponent(match[1]!), match[2]!];
  }
  const handle = handlerFor(provider, method, path, deployment);
  return handle && { handle, ...(deployment === undefined ? {} : { deployment }) };
}

function handlerFor(
  provider: SimulatorProvider,
  method: string,
  path: string,
  deployment: string | undefined,
): Route['handle'] | undefined {
  const posts = provider === 'anthropic' ? ANTHROPIC_POSTS : OPENAI_POSTS;
  if (method === 'POST' && Object.hasOwn(posts, path)) {
    const handler = posts[path]!;
    return ({ body }, context) => handler(body, modelOf(body, path, deployment), context);
  }
  const [, resource, id, part] =
    /^(models|files|messages\/batches)(?:\/(.+?))?(?:\/(results|cancel|content))?$/.exec(path) ?? [];
  switch (`${method} ${resource}${id === undefined ? '' : '/id'}${part === undefined ? '' : `/${part}`}`) {
    case 'GET models':
      return ({ query, store }, context) => store.listModels(context, query);
    case 'GET models/id':
      return ({ store }, context) => store.getModel(context, decodeURIComponent(id!));
  }
  if (provider === 'anthropic') return batchHandler(method, resource, id, part);
  if (resource !== 'files' || part !== undefined) return undefined;
  if (method === 'POST' && id === undefined) return ({ body, store }, context) => store.addFile(context, body);
  if (method !== 'GET') return undefined;
  return id === undefined ? ({ query, store }) => store.listFiles(query) : ({ store }) => store.getFile(id);
}

function batchHandler(
  method: string,
  resource: string | undefined,
  id: string | undefined,
  part: string | undefined,
): Route['handle'] | undefined {
  if (resource !== 'messages/batches') return undefined;
  if (id === undefined) {
    if (method === 'POST') return ({ body, origin, store }, context) => store.addBatch(context, body, origin);
    return method === 'GET' ? ({ query, store }) => store.listBatches(query) : undefined;
  }
  if (method === 'GET' && part === 'results') return ({ store }) => store.batchResults(id);
  // A batch has always ended, so that cancelling it changes nothing.
  if ((method === 'GET' && part === undefined) || (method === 'POST' && part === 'cancel')) {
    return ({ store }) => store.getBatch(id);
  }
  return undefined;
}

function modelOf(body: JsonObject, path: string, deployment: string | undefined): string {
  const model = deployment ?? (asString(body.model) || DEFAULT_MODELS[path]);
  if (model === undefined) throw new BadRequest('you must provide a model parameter', 'model');
  return model;
}
