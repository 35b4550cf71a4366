import type { JsonObject } from '../json.ts';
import { asString } from '../json.ts';
import type { SimulatorProvider } from '../limits/limit-rules.ts';
import type { AnswerRow, BatchSettings } from './timed-batch.ts';
import type { Store } from './store.ts';
import { chatWork } from './chat.ts';
import { imagesWork, speechWork, transcriptionWork } from './media.ts';
import { countTokensWork, messagesWork } from './messages.ts';
import { completionsWork, embeddingsWork, moderationsWork } from './other.ts';
import { responsesWork } from './responses.ts';
import type { Work, WorkContext } from './work.ts';
import { BadRequest } from './work.ts';

/** A request to an endpoint. */
export interface RoutedRequest {
  /** JSON, or the fields of a form with the file's bytes under `file` and its name under `filename`. */
  readonly body: JsonObject;
  readonly query: URLSearchParams;
  readonly origin: string;
  readonly store: Store;
  readonly batches: BatchSettings;
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

/** Default models of endpoints whose requests may omit it. */
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
    /^(models|files|batches|messages\/batches)(?:\/(.+?))?(?:\/(results|cancel|content))?$/.exec(path) ?? [];
  const wanted = `${method} ${resource}${id === undefined ? '' : '/id'}${part === undefined ? '' : `/${part}`}`;
  switch (wanted) {
    case 'GET models':
      return ({ query, store }, context) => store.listModels(context, query);
    case 'GET models/id':
      return ({ store }, context) => store.getModel(context, decodeURIComponent(id!));
  }
  return provider === 'anthropic' ? messageBatchHandler(wanted, id) : fileHandler(wanted, id);
}

function messageBatchHandler(wanted: string, id: string | undefined): Route['handle'] | undefined {
  switch (wanted) {
    case 'POST messages/batches':
      return ({ body, origin, store, batches }, context) =>
        store.messageBatches.create(context, body, origin, batches, answerRow(ANTHROPIC_POSTS));
    case 'GET messages/batches':
      return ({ query, store }, context) => store.messageBatches.list(context, query);
    case 'GET messages/batches/id':
      return ({ store }, context) => store.messageBatches.get(context, id!);
    case 'POST messages/batches/id/cancel':
      return ({ store }, context) => store.messageBatches.cancel(context, id!);
    case 'GET messages/batches/id/results':
      return ({ store }, context) => store.messageBatches.results(context, id!);
    default:
      return undefined;
  }
}

function fileHandler(wanted: string, id: string | undefined): Route['handle'] | undefined {
  switch (wanted) {
    case 'POST files':
      return ({ body, store }, context) => store.addFile(context, body);
    case 'GET files':
      return ({ query, store }) => store.listFiles(query);
    case 'GET files/id':
      return ({ store }) => store.getFile(id!);
    case 'DELETE files/id':
      return ({ store }) => store.deleteFile(id!);
    case 'GET files/id/content':
      return ({ store }) => store.getContent(id!);
    case 'POST batches':
      return ({ body, store, batches }, context) =>
        store.openaiBatches.create(context, body, batches, answerRow(OPENAI_POSTS));
    case 'GET batches':
      return ({ query, store }, context) => store.openaiBatches.list(context, query);
    case 'GET batches/id':
      return ({ store }, context) => store.openaiBatches.get(context, id!);
    case 'POST batches/id/cancel':
      return ({ store }, context) => store.openaiBatches.cancel(context, id!);
    default:
      return undefined;
  }
}

/** Rows of batches are answered like single requests. */
function answerRow(posts: Readonly<Record<string, TextHandler>>): AnswerRow {
  return (url, body, context) => {
    const path = url.replace(/^\/v1\//, '');
    if (!Object.hasOwn(posts, path)) throw new BadRequest(`Unknown endpoint ${url}`, 'endpoint');
    return posts[path]!({ ...body, stream: false }, modelOf(body, path, undefined), context);
  };
}

function modelOf(body: JsonObject, path: string, deployment: string | undefined): string {
  const model = deployment ?? (asString(body.model) || DEFAULT_MODELS[path]);
  if (model === undefined) throw new BadRequest('you must provide a model parameter', 'model');
  return model;
}
