/**
 * A provider on this machine that limits, refuses and fails like the real one: for tests, demos and benchmarks.
 *
 * @module
 */
export { startSimulator } from './simulator/start-simulator.ts';
export type { Simulator } from './simulator/start-simulator.ts';
export type { SimulatorClock, SimulatorLatency, SimulatorOptions } from './simulator/options.ts';
export type { SimulatorUpdate } from './simulator/simulation.ts';
export type { ModelStats, SimulatorStats } from './simulator/statistics.ts';
export type {
  HeaderFault,
  SimulatorFaults,
  SimulatorNeighbour,
  SimulatorOutage,
  SimulatorTierChange,
} from './simulator/faults.ts';
export { faultKindsOf } from './simulator/faults.ts';
export type { AnswerFault, FaultKind, StreamFault, TransportFault } from './simulator/fault-kinds.ts';
export type { LimitName, LimitsByModel, RejectedBy, SimulatorLimits } from './simulator/limits.ts';
export type { LimitSources } from './simulator/limit-table.ts';
export type { PresetName } from './simulator/presets.ts';
export type { OutputCounting, RefusedCounting, SimulatorProvider } from './simulator/limit-rules.ts';
export type { SimulatorRamp } from './simulator/ramp.ts';
export type { RetryHeader } from './simulator/dialect.ts';
export type { ReplyOption, ReplyRequest } from './simulator/reply.ts';
export { SimulatorError } from './simulator/simulator-error.ts';
export type { SimulatorErrorCode } from './simulator/simulator-error.ts';
