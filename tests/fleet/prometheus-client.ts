import { spawnSync } from 'node:child_process';
import type { Part } from '../support/parts.ts';

/** The system's own, as that is what packages add to. */
const python = '/usr/bin/python3';
const hasParser = spawnSync(python, ['-c', 'import prometheus_client.parser']).status === 0;

/** A Python that has the official parser of Prometheus' text format. */
export const prometheusClient: Part = {
  name: "Prometheus' client for Python",
  path: hasParser ? python : undefined,
  remedy: 'install the package python3-prometheus-client',
};
