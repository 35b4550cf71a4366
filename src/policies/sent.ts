import type { Passage } from '../core/lane.ts';
import type { Linked } from '../core/linked-list.ts';

/** What a closed circuit learns about an attempt. */
interface ToldCircuit {
  answered(sent: Sent): void;
  crowded(sent: Sent): void;
  broke(sent: Sent, error: unknown): Promise<void> | undefined;
}

/** An attempt that a closed circuit let through. */
export class Sent implements Passage, Linked<Sent> {
  before: Sent | undefined = undefined;
  after: Sent | undefined = undefined;
  readonly at: number;
  /** Number of times the circuit had opened by then. */
  readonly spell: number;
  readonly #circuit: ToldCircuit;

  constructor(circuit: ToldCircuit, at: number, spell: number) {
    this.#circuit = circuit;
    this.at = at;
    this.spell = spell;
  }

  succeeded(): undefined {
    this.#circuit.answered(this);
  }

  crowded(): undefined {
    this.#circuit.crowded(this);
  }

  failed(error: unknown): Promise<void> | undefined {
    return this.#circuit.broke(this, error);
  }
}
