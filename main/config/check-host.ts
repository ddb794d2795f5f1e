import type { z } from 'zod';
import type { Fault } from './fault.ts';
import type { configuration } from './schema.ts';

type Draft = z.output<typeof configuration>;

/** What of an address has its own key, or is an address of another kind; undefined for a host's name or address. */
export function hostFault(host: string): string | undefined {
  if (host !== host.trim()) return 'has blanks around it';
  if (/^\w+:\/\//.test(host)) return 'is a URL; give the host alone';
  if (/^(tcp|np|lpc|admin):/i.test(host)) return 'has the name of a protocol in front; leave it out';
  if (host.includes('\\'))
    return 'has an instance in it; give the host alone, and the instance as upstream.instance';
  if (/,\d*$/.test(host)) return 'has a port in it; give it as upstream.port';
  if (/^(\[[^\]]*\]|[^:]*):\d+$/.test(host)) return 'has a port in it; give it as upstream.port';
  if (/^\[.*\]$/.test(host)) return 'has brackets around it; give the address alone';
  if (host === '.' || /^\(.*\)$/.test(host))
    return 'is a name of Windows for this computer; write "localhost"';
  return /[\s/,;"'@]/.test(host) ? 'is no name of a host' : undefined;
}

/** "name", "name:port", "[::1]:port" or an address of either kind. */
export function hostAndPort(text: string): { host: string; port?: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(text) ?? [];
  if (port !== undefined) return { host: bracketed ?? plain ?? '', port: Number(port) };
  return { host: /^\[(.*)\]$/.exec(text)?.[1] ?? text };
}

/** SQL Server's named instances: their port is asked of the host, so that it cannot be given too. */
export function hostFaults({ connections }: Draft): Fault[] {
  return connections.flatMap(({ protocol, upstream }, index): Fault[] => {
    const at = (key: string, message: string): Fault => ({
      path: ['connections', index, 'upstream', key],
      message,
    });
    const { host, hosts, instance, port, socket, targetSessionAttrs } = upstream;
    const wrong = hostFault(host);
    const faults = wrong === undefined ? [] : [at('host', `(${JSON.stringify(host)}) ${wrong}`)];
    for (const [place, text] of (hosts ?? []).entries()) {
      const { host: name, port: own } = hostAndPort(text);
      const fault =
        own !== undefined && (own < 1 || own > 65_535) ? 'has no port of 1 to 65535' : hostFault(name);
      const { path, message } = at('hosts', `(${JSON.stringify(text)}) ${fault}`);
      if (fault !== undefined) faults.push({ path: [...path, place], message });
    }
    if (hosts !== undefined && (host !== 'localhost' || socket !== undefined || instance !== undefined))
      faults.push(at('hosts', 'stands in place of host, socket and instance; leave those out'));
    if (protocol !== 'postgresql' && targetSessionAttrs !== 'any')
      faults.push(at('targetSessionAttrs', 'is for protocol "postgresql" only'));
    if (instance === undefined) return faults;
    if (protocol !== 'sqlserver') faults.push(at('instance', 'is for protocol "sqlserver" only'));
    if (port !== undefined)
      faults.push(at('instance', 'has a port of its own, which is asked for; leave upstream.port or it out'));
    return faults;
  });
}
