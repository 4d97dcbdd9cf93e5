import { createMemoryOutbox } from './memory.ts';
import { outboxContract } from './outbox.contract.ts';

outboxContract('memory', async () => createMemoryOutbox());
