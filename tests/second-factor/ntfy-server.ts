import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/**
 * A stand-in for ntfy 2.x, since neither npm nor Debian has the server. It speaks ntfy's HTTP API as its documentation
 * (docs.ntfy.sh: publish, subscribe/api, config) and the source of its server tell it, for what push uses: messages as
 * JSON and as PUT or POST, the JSON stream with open, keepalive and message events, `since`, `poll`, access tokens with
 * rules for topics, limits, error bodies. No web application, attachments, delays, mail, templates.
 */
export interface NtfyServer {
  origin: string;
  /** Every message taken, oldest first. */
  messages(topic: string): NtfyEvent[];
  /** The requests as they came, without bodies. */
  requests: { method: string; url: string; headers: IncomingMessage['headers'] }[];
  /** The next publications are answered with these, one each. */
  failPublishing(...failures: { status: number; retryAfter?: string }[]): void;
  /** Ends every open stream after this text, which may be half a line. */
  cutStreams(lastWords?: string): void;
  /** Writes a line of any kind into every open stream. */
  inject(line: string): void;
  streams(): number;
  /** Difference between the server's clock and this machine's. */
  setClock(offsetMs: number): void;
  /** Stops listening and cuts every connection; what was cached stays. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  close(): Promise<void>;
}

export interface NtfyEvent {
  id: string;
  time: number;
  expires?: number;
  event: string;
  topic: string;
  sequence_id?: string;
  title?: string;
  message?: string;
  priority?: number;
  actions?: NtfyAction[];
}

export interface NtfyAction {
  id: string;
  action: string;
  label: string;
  url: string;
  method: string;
  headers?: Record<string, string>;
  body?: string;
  clear: boolean;
}

export interface NtfyServerOptions {
  keepaliveMs?: number;
  /** Whether a stream that comes back can read what it missed. */
  cache?: boolean;
  /** Access tokens, and who may do what; without it everybody may do everything. */
  access?: {
    tokens: string[];
    allows(token: string | undefined, topic: string, what: 'read' | 'write'): boolean;
  };
}

const messageLimit = 4096;
const topicForm = /^[-_A-Za-z0-9]{1,64}$/;

export async function startNtfyServer(options: NtfyServerOptions = {}): Promise<NtfyServer> {
  const { keepaliveMs = 45_000, cache = true, access } = options;
  const requests: NtfyServer['requests'] = [];
  const taken: NtfyEvent[] = [];
  const streams = new Set<{ topics: string[]; response: ServerResponse }>();
  const sockets = new Set<Socket>();
  const failures: { status: number; retryAfter?: string }[] = [];
  let clockOffset = 0;

  const newEvent = (event: string, topic: string): NtfyEvent => ({
    id: randomBytes(64).toString('base64').replaceAll(/\W/g, '').slice(0, 12),
    time: Math.floor((Date.now() + clockOffset) / 1000),
    event,
    topic,
  });

  function authorise(request: IncomingMessage, topics: string[], what: 'read' | 'write'): void {
    if (access === undefined) return;
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token !== undefined && !access.tokens.includes(token)) throw refusal(401, 40101, 'unauthorized');
    if (topics.some((topic) => !access.allows(token, topic, what))) throw refusal(403, 40301, 'forbidden');
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '/' } = request;
    requests.push({ method, url, headers: request.headers });
    const { pathname, searchParams } = new URL(url, 'http://ntfy');
    const [first = '', second, third] = pathname.slice(1).split('/');
    response.setHeader('access-control-allow-origin', '*');
    if ((method === 'POST' || method === 'PUT') && first === '') {
      const body = await bodyOf(request, messageLimit * 2);
      if (body === undefined) throw refusal(413, 41303, 'JSON body too large');
      return publishJson(request, response, body);
    }
    const topics = first.split(',');
    if (!topics.every((topic) => topicForm.test(topic))) throw refusal(404, 40401, 'page not found');
    if (method === 'GET' && second === 'json' && third === undefined) {
      authorise(request, topics, 'read');
      return subscribe(request, response, topics, searchParams);
    }
    if ((method === 'POST' || method === 'PUT') && third === undefined) {
      const body = await bodyOf(request, messageLimit);
      // Without a folder for attachments a longer body is refused; with one it would become a file.
      if (body === undefined) throw refusal(400, 40014, 'attachments not allowed');
      const title = request.headers['title'];
      const message = {
        message: body.trim() || 'triggered',
        ...(typeof title === 'string' && { title }),
        ...(second !== undefined && { sequence_id: second }),
      };
      return take(request, response, first, message);
    }
    throw refusal(404, 40401, 'page not found');
  }

  function publishJson(request: IncomingMessage, response: ServerResponse, body: string): void {
    const given = parseJson(body);
    if (given === undefined) throw refusal(400, 40024, 'request body must be valid JSON');
    const topic = String(given['topic'] ?? '');
    if (!topicForm.test(topic)) throw refusal(400, 40009, 'topic invalid');
    const message = String(given['message'] ?? '') || 'triggered';
    if (Buffer.byteLength(message) > messageLimit) throw refusal(400, 40014, 'attachments not allowed');
    const priority = given['priority'];
    if (priority !== undefined && ![1, 2, 3, 4, 5].includes(priority as number)) {
      throw refusal(400, 40007, 'invalid priority parameter');
    }
    const sequence = given['sequence_id'];
    if (sequence !== undefined && !topicForm.test(String(sequence)))
      throw refusal(400, 40049, 'sequence ID invalid');
    take(request, response, topic, {
      message: message.trim(),
      ...(given['title'] !== undefined && { title: String(given['title']) }),
      ...(priority !== undefined && { priority: priority as number }),
      ...(sequence !== undefined && { sequence_id: String(sequence) }),
      ...(given['actions'] !== undefined && { actions: checkedActions(given['actions']) }),
    });
  }

  function take(
    request: IncomingMessage,
    response: ServerResponse,
    topic: string,
    content: Partial<NtfyEvent>,
  ): void {
    authorise(request, [topic], 'write');
    const failure = failures.shift();
    if (failure !== undefined) {
      if (failure.retryAfter !== undefined) response.setHeader('retry-after', failure.retryAfter);
      throw refusal(failure.status, failure.status * 100 + 1, 'limit reached: too many requests');
    }
    const event = { ...newEvent('message', topic), ...content };
    event.expires = event.time + 12 * 3600;
    taken.push(event);
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify(event)}\n`);
    for (const stream of streams) {
      if (stream.topics.includes(topic)) stream.response.write(`${JSON.stringify(event)}\n`);
    }
  }

  function subscribe(
    request: IncomingMessage,
    response: ServerResponse,
    topics: string[],
    query: URLSearchParams,
  ): void {
    const isPoll = query.get('poll') === '1';
    const old = cachedSince(query.get('since') ?? (isPoll ? 'all' : 'none'), topics);
    response.setHeader('content-type', 'application/x-ndjson; charset=utf-8');
    const write = (event: NtfyEvent) => response.write(`${JSON.stringify(event)}\n`);
    if (isPoll) {
      old.forEach(write);
      response.end();
      return;
    }
    const stream = { topics, response };
    streams.add(stream);
    write(newEvent('open', topics.join(',')));
    old.forEach(write);
    const timer = setInterval(() => write(newEvent('keepalive', topics.join(','))), keepaliveMs);
    request.on('close', () => {
      clearInterval(timer);
      streams.delete(stream);
    });
  }

  function cachedSince(since: string, topics: string[]): NtfyEvent[] {
    const cached = cache ? taken.filter(({ topic }) => topics.includes(topic)) : [];
    if (since === 'none') return [];
    if (since === 'all') return cached;
    if (/^[A-Za-z0-9]{12}$/.test(since)) return cached.slice(cached.findIndex(({ id }) => id === since) + 1);
    if (/^\d+$/.test(since)) return cached.filter(({ time }) => time >= Number(since));
    throw refusal(400, 40008, 'invalid since parameter');
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      const { status, code, text } = error as Refusal;
      response.statusCode = status ?? 500;
      response.setHeader('content-type', 'application/json');
      response.end(
        `${JSON.stringify({ code, http: status, error: text, link: 'https://ntfy.sh/docs/publish/' })}\n`,
      );
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      sockets.forEach((socket) => socket.destroy());
    });

  return {
    origin: `http://127.0.0.1:${port}`,
    messages: (topic) => taken.filter((event) => event.topic === topic),
    requests,
    failPublishing: (...next) => void failures.push(...next),
    cutStreams(lastWords = '') {
      for (const { response } of streams) {
        if (lastWords !== '') response.write(lastWords);
        setImmediate(() => response.destroy());
      }
    },
    inject: (line) => streams.forEach(({ response }) => response.write(`${line}\n`)),
    streams: () => streams.size,
    setClock: (offsetMs) => void (clockOffset = offsetMs),
    pause: stop,
    resume: () => listen(port),
    close: stop,
  };
}

interface Refusal {
  status: number;
  code: number;
  text: string;
}

function refusal(status: number, code: number, text: string): Refusal {
  return { status, code, text };
}

/** The checks of ntfy's own parser of actions; of the four kinds of action only `http` is known here. */
function checkedActions(given: unknown): NtfyAction[] {
  const wrong = refusal(400, 40018, 'actions invalid');
  if (!Array.isArray(given) || given.length > 3) throw wrong;
  return given.map((action: Record<string, unknown>) => {
    const { label, url, body, headers } = action;
    const method = String(action['method'] ?? 'POST').toUpperCase();
    if (action['action'] !== 'http' || typeof label !== 'string' || label === '') throw wrong;
    if (typeof url !== 'string' || url === '') throw wrong;
    if (body !== undefined && ['GET', 'HEAD'].includes(method)) throw wrong;
    return {
      id: randomBytes(5).toString('hex'),
      action: 'http',
      label,
      url,
      method,
      clear: action['clear'] === true,
      ...(body !== undefined && { body: String(body) }),
      ...(headers !== undefined && { headers: headers as Record<string, string> }),
    };
  });
}

async function bodyOf(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  }
  return size > limit ? undefined : Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
