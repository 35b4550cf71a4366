// The provider in a process of its own, so that a contestant shares no event loop with it.
import { startSimulator } from '../../src/testing.ts';
import type { Simulator } from '../../src/testing.ts';
import { watchLoopDelay } from './loop-delay.ts';
import type { SimulatorAnswer, SimulatorCommand } from './messages.ts';

let simulator: Simulator | undefined;
const loopDelay = watchLoopDelay();

process.on('message', (command: SimulatorCommand) => {
  switch (command.type) {
    case 'start':
      void startSimulator(command.options).then((started) => {
        simulator = started;
        answer({ type: 'started', url: started.url });
      });
      break;
    case 'faults':
      simulator!.update({ faults: command.faults });
      break;
    case 'stats':
      answer({ type: 'stats', stats: simulator!.stats(), loopDelayMs: loopDelay() });
      break;
  }
});

// The parent process is gone: there is no one to report to.
process.once('disconnect', () => process.exit());

function answer(message: SimulatorAnswer): void {
  process.send!(message);
}
