/** The memory bus under the laws of every bus. */
import { createMemoryBus } from '../../adapters/bus/memoryBus.ts';
import { busLaws, type LawBus } from '../support/busLaws.ts';

busLaws('memory bus', () => {
  const open = (bytesMax: number): LawBus => {
    const bus = createMemoryBus({ bytesMax });
    return {
      bus,
      ready: () => Promise.resolve(),
      async reopen() {
        await bus.close();
        return open(bytesMax);
      },
    };
  };
  return Promise.resolve({ open: (bytesMax) => Promise.resolve(open(bytesMax)), close: () => Promise.resolve() });
});
