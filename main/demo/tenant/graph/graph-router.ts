import type { Clock } from '../clock.ts';
import { answerUnderFaults, type ErrorWriter } from '../fault-injection.ts';
import type { EndpointKind, Faults } from '../faults.ts';
import { answerBatch } from './graph-batch.ts';
import { graphErrorReply, graphRefusal } from './graph-errors.ts';
import type { Graph } from './graph.ts';
import type { Incoming, Reply } from '../http.ts';
import type { Route } from '../request-handler.ts';

/** Graph's routes: batches, whose items meet faults of their own, and everything else. */
export function createGraphRouter(
  graph: Graph,
  clock: Clock,
  faults: Faults,
  origin: string,
): (request: Incoming) => Route {
  const noSignal = new AbortController().signal;
  const answerItem = async (item: Incoming): Promise<Reply> => {
    const endpoint: EndpointKind = 'graph_batch_item';
    const target = { endpoint, path: item.url.pathname, grantType: undefined, tenantId: undefined };
    const handle = (): Promise<Reply> => graph.answer(item);
    const writer = createGraphErrorWriter(clock, item);
    const answer = await answerUnderFaults(faults.take(target), writer, clock, handle, noSignal);
    // One item of a batch has no connection of its own that could break.
    return typeof answer === 'string' ? writer.unavailable(504) : answer;
  };
  return (request) => ({
    endpoint: 'graph',
    tenantId: undefined,
    handle: () => {
      const isBatch = request.url.pathname === '/v1.0/$batch' && request.method === 'POST';
      return isBatch ? answerBatch(clock, request, origin, answerItem) : graph.answer(request);
    },
  });
}

export function createGraphErrorWriter(clock: Clock, request: Incoming): ErrorWriter {
  const write = (status: number, code: string, message: string): Reply =>
    graphErrorReply(clock, request, graphRefusal(status, code, message));
  return {
    sts: (error) => write(400, `AADSTS${error.code}`, 'The request was refused.'),
    graph: (status, code) => write(status, code, 'The request was refused.'),
    unavailable: (status) => {
      if (status === 429) return write(status, 'TooManyRequests', 'Too many requests.');
      return write(status, 'serviceNotAvailable', 'The service is temporarily unavailable.');
    },
  };
}
