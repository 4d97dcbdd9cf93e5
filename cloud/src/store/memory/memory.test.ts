import { storeContract } from '../store.contract.ts';
import { openMemory } from './index.ts';

storeContract('memory', openMemory);
