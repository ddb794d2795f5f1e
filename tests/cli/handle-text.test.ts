import { expect, it } from 'vitest';
import { describeHandle } from '../../main/cli/handles.ts';

const handle = {
  id: 'h1',
  tool: 'psql',
  connection: 'sales',
  username: 'ada@fabrikam.example',
  createdAt: '2026-01-01T00:00:00.000Z',
  expiresAt: '2999-01-31T00:00:00.000Z',
};

it('the list of handles says when each ends, or that it has', () => {
  expect(describeHandle(handle)).toMatch(/, good until .*2999.*, bound to no program yet$/);
  const ended = { ...handle, expiresAt: '2020-01-31T00:00:00.000Z', boundTo: 'psql' };
  expect(describeHandle(ended)).toMatch(/, EXPIRED .*2020.*, for psql only$/);
});
