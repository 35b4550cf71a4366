/** Error codes of the simulator, the same as the guard's. */
export type SimulatorErrorCode = 'invalid_option' | 'port_in_use' | 'start_failed';

// The registered symbol of tidegate's errors: `isTidegateError` recognises these too.
const brand = Symbol.for('tidegate.error');

/** A simulator that cannot start: an invalid option, a port in use, a foreign address. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError';
  readonly code: SimulatorErrorCode;

  constructor(code: SimulatorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }
}
