/** Codes of the errors that the simulator throws; the same words as those of the guard. */
export type SimulatorErrorCode = 'invalid_option' | 'port_in_use' | 'start_failed';

// The registered symbol of tidegate's errors: `isTidegateError` recognises these too.
const brand = Symbol.for('tidegate.error');

/** A simulator that cannot start: a bad option, a taken port, an address that is not this machine's. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError';
  readonly code: SimulatorErrorCode;

  constructor(code: SimulatorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }
}
