import { type Firing, input, type InputSeries, type RuleTest, type RuleTestFile } from './rule-test.ts';

const CIRCUIT = { gen_ai_provider_name: 'openai', tidegate_circuit: 'openai/gpt-5.1' };

const STATES = ['closed', 'open', 'half_open', 'isolated'];

/** The state set of one circuit: `c`losed, `o`pen, `h`alf open, `i`solated, one letter a sample. */
function circuit(states: string, instance = 'a'): InputSeries[] {
  return STATES.map((state) => {
    const values = Array.from(states, (letter) => (letter === ' ' ? '_' : state.startsWith(letter) ? '1' : '0')).join(
      ' ',
    );
    return input('tidegate.circuit.state', { instance, ...CIRCUIT, tidegate_circuit_state: state }, values);
  });
}

const open = (percentage: string): Firing => ({
  labels: { severity: 'critical', job: 'app', ...CIRCUIT },
  summary: 'The circuit to an LLM provider is open.',
  description: `openai (app): circuit openai/gpt-5.1 was open ${percentage} of the last 2 minutes (threshold 50%). Its calls wait or fail at once. The provider fails or cannot be reached: check its status page and the network; it closes by itself once a probe succeeds.`,
});

const OPEN: RuleTest[] = [
  {
    alert: 'TidegateCircuitOpen',
    does: 'fires for one process of two, through probes, and resolves',
    input: [...circuit(`${'c'.repeat(5)}${'ooohoooo'.repeat(4)}${'c'.repeat(20)}`), ...circuit('c'.repeat(57), 'b')],
    checks: [
      { at: '2m', situation: 'quiet', firing: [] },
      { at: '11m30s', situation: 'fires', firing: [open('100%')] },
      { at: '24m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateCircuitOpen',
    does: 'stays quiet for a circuit that opens briefly',
    input: circuit(`${'c'.repeat(5)}oohc${'c'.repeat(10)}oohc${'c'.repeat(10)}`),
    checks: [
      { at: '4m', situation: 'quiet', firing: [] },
      { at: '11m', situation: 'quiet', firing: [] },
    ],
  },
  {
    alert: 'TidegateCircuitOpen',
    does: 'stays quiet just below half of the time',
    interval: '15s',
    input: circuit('oooohcccc'.repeat(6)),
    checks: [{ at: '10m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateCircuitOpen',
    does: 'sees a circuit that is open when its process is first scraped',
    input: circuit(`${' '.repeat(4)}${'o'.repeat(20)}`),
    checks: [
      { at: '2m', situation: 'quiet', firing: [] },
      { at: '4m', situation: 'first-event', firing: [open('100%')] },
    ],
  },
];

const openings = (values: string): InputSeries =>
  input('tidegate.circuit.transitions', { ...CIRCUIT, tidegate_circuit_state: 'open' }, values);

const flapping = (number: string): Firing => ({
  labels: { severity: 'warning', job: 'app', ...CIRCUIT },
  summary: 'The circuit to an LLM provider keeps opening.',
  description: `openai (app): circuit openai/gpt-5.1 opened ${number} times in 30 minutes (threshold 4). The provider recovers and fails again: slow down requests, or use another model until it is stable.`,
});

const FLAPPING: RuleTest[] = [
  {
    alert: 'TidegateCircuitFlapping',
    does: 'fires at the fifth opening, counted from zero, and resolves',
    input: [openings('0x10 1x9 2x9 3x9 4x9 5x90')],
    checks: [
      { at: '25m', situation: 'quiet', firing: [] },
      { at: '26m', situation: 'fires', firing: [flapping('5')] },
      { at: '26m', situation: 'first-event', firing: [flapping('5')] },
      { at: '65m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateCircuitFlapping',
    does: 'stays quiet at four openings, however often it closes',
    input: [
      openings('0x10 1x9 2x9 3x9 4x90'),
      input('tidegate.circuit.transitions', { ...CIRCUIT, tidegate_circuit_state: 'closed' }, '0+1x120'),
    ],
    checks: [{ at: '28m', situation: 'quiet', firing: [] }],
  },
];

export const CIRCUIT_TESTS: RuleTestFile = {
  name: 'circuit',
  evaluationInterval: '30s',
  alerts: ['TidegateCircuitOpen', 'TidegateCircuitFlapping'],
  tests: [...OPEN, ...FLAPPING],
};
