import { testTargets } from './at-small-size.ts';

testTargets(({ isTimed }) => isTimed !== true);
