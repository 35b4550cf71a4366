import type { CallInfo } from '../core/events.ts';
import type { LabelsOf } from './contract/labels-of.ts';
import { LabelCap } from './label-cap.ts';
import { ATTR } from './names.ts';
import { inOrder } from './counter-cells.ts';
import type { Series } from './series.ts';

/** A process calls a few servers, but tenants of an application may set base URLs. */
const MAX_SERVERS = 20;

/** Labels that the metrics of the conventions share. */
export type OperationLabels = LabelsOf<'gen_ai.client.operation.duration'>;

interface Labelled {
  readonly series: Series;
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly responseModel: string | undefined;
  readonly errorType: string | undefined;
  readonly attributes: OperationLabels;
}

/** Attributes of the conventions' own metrics: those of a call's series, with the server and the model that answered. */
export class GenAiLabels {
  readonly #models: LabelCap;
  readonly #servers = new LabelCap(MAX_SERVERS);
  /** Labels of a running call, and of one that has ended. */
  #running: Labelled | undefined;
  #ended: Labelled | undefined;
  readonly #all = new WeakMap<Series, Map<string, OperationLabels>>();

  constructor(maxModels: number) {
    this.#models = new LabelCap(maxModels);
  }

  /** The same object for the same labels. */
  of(series: Series, call: CallInfo, responseModel?: string, errorType?: string): OperationLabels {
    const { serverAddress: address, serverPort: port } = call;
    const last = responseModel === undefined ? this.#running : this.#ended;
    // Consecutive calls are usually of the same kind, and comparing is cheaper than building a key.
    if (
      last?.series === series &&
      last.address === address &&
      last.port === port &&
      last.responseModel === responseModel &&
      last.errorType === errorType
    ) {
      return last.attributes;
    }
    const attributes = this.#make(series, call, responseModel, errorType);
    const found = { series, address, port, responseModel, errorType, attributes };
    if (responseModel === undefined) this.#running = found;
    else this.#ended = found;
    return attributes;
  }

  #make(
    series: Series,
    call: CallInfo,
    responseModel: string | undefined,
    errorType: string | undefined,
  ): OperationLabels {
    const address = call.serverAddress === undefined ? undefined : this.#servers.label(call.serverAddress);
    const model = responseModel === undefined ? undefined : this.#models.label(responseModel);
    // A server beyond the cap has no meaningful port.
    const port = address === call.serverAddress ? call.serverPort : undefined;
    const key = `${address} ${port} ${model} ${errorType}`;
    let known = this.#all.get(series);
    if (!known) this.#all.set(series, (known = new Map()));
    let attributes = known.get(key);
    if (!attributes) {
      attributes = inOrder({
        ...series.base,
        ...(address === undefined ? {} : { [ATTR.serverAddress]: address }),
        ...(address === undefined || port === undefined ? {} : { [ATTR.serverPort]: port }),
        ...(model === undefined ? {} : { [ATTR.responseModel]: model }),
        ...(errorType === undefined ? {} : { [ATTR.errorType]: errorType }),
      });
      known.set(key, attributes);
    }
    return attributes;
  }
}
