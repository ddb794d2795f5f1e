import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { graphErrorReply, graphRefusal } from './graph-errors.ts';
import { jsonReply, type Incoming, type Reply } from '../http.ts';

const maxItems = 20;

const batchSchema = z.object({
  requests: z.array(
    z.object({
      id: z.string(),
      method: z.string(),
      url: z.string().startsWith('/'),
      headers: z.record(z.string(), z.string()).default({}),
      body: z.unknown().optional(),
    }),
  ),
});

/**
 * JSON batching: up to 20 requests in one, each with a status of its own. An item that fails does not fail the batch.
 *
 * @param answerItem answers one item; what it refuses with becomes that item's status.
 */
export async function answerBatch(
  clock: Clock,
  request: Incoming,
  origin: string,
  answerItem: (item: Incoming) => Promise<Reply>,
): Promise<Reply> {
  const refuse = (message: string): Reply =>
    graphErrorReply(clock, request, graphRefusal(400, 'BadRequest', message));
  const parsed = batchSchema.safeParse(parseJson(request.body));
  if (!parsed.success) return refuse('Invalid batch payload format.');
  const { requests } = parsed.data;
  if (requests.length > maxItems) return refuse(`Number of batch requests must not exceed ${maxItems}.`);
  if (new Set(requests.map(({ id }) => id)).size < requests.length)
    return refuse('The ids of a batch must differ.');

  const responses = [];
  for (const { id, method, url, headers, body } of requests) {
    const lowerCased = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const reply = await answerItem({
      method: method.toUpperCase(),
      url: new URL(`/v1.0${url}`, origin),
      headers: { authorization: request.headers.authorization, ...lowerCased },
      body: body === undefined ? '' : JSON.stringify(body),
    });
    responses.push({ id, status: reply.status, headers: reply.headers, body: parseJson(reply.body) });
  }
  return jsonReply(200, { responses });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
