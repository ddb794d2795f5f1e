/**
 * Draws the PNG files that are committed beside this one, out of icon.svg and the shapes below, with Chromium:
 *
 *   CHROMIUM=/usr/bin/chromium node assets/render.ts
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const folder = import.meta.dirname;
const states = ['signed-out', 'waiting', 'signed-in', 'locked', 'problem'] as const;
type State = (typeof states)[number];

const key = (stroke: string, width: number) =>
  `<g transform="rotate(-45 11 11)" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round">
    <circle cx="6.3" cy="11" r="3.1"/><path d="M9.5 11h8.8M14.4 11v2.8M17.6 11v2.1"/></g>`;

/** For panels of any colour: the key on its own tile, grey while nobody is signed in, with a mark for the rest. */
function colourImage(state: State): string {
  const [tile, stroke] = state === 'signed-out' ? ['#6b7275', '#f4f2ec'] : ['#0c5c5d', '#f7d48e'];
  const dot = (fill: string) =>
    `<circle cx="17" cy="17" r="4.6" fill="${fill}" stroke="#fff" stroke-width="1.4"/>`;
  // Not by colour alone: trouble has a stroke, waiting has none.
  const bang = '<path d="M17 14.6v2.6M17 19.3v.1" stroke="#fff" stroke-width="1.5" stroke-linecap="round"/>';
  const padlock =
    '<path d="M15.4 16.6v-1.1a1.6 1.6 0 0 1 3.2 0v1.1M14.7 16.6h4.6v2.7h-4.6z" fill="#fff" stroke="#fff" stroke-width=".9" stroke-linejoin="round"/>';
  const marks: Partial<Record<State, string>> = {
    waiting: dot('#f0a500'),
    locked: dot('#4a5568') + padlock.replace('fill="#fff"', 'fill="none"'),
    problem: dot('#d9281f') + bang,
  };
  return `<rect x="1" y="1" width="20" height="20" rx="5" fill="${tile}"/>${key(stroke, 2)}${marks[state] ?? ''}`;
}

/** For the macOS menu bar, which draws the shape in its own colour: only the outline can tell the state. */
function templateImage(state: State): string {
  const hole = '<circle cx="17" cy="17" r="5.6" fill="#000"/>';
  const marks: Record<State, string> = {
    'signed-out': '<path d="M4 4l14 14" stroke="#000" stroke-width="1.8" stroke-linecap="round"/>',
    waiting: '<circle cx="17" cy="17" r="3.3" fill="none" stroke="#000" stroke-width="1.6"/>',
    'signed-in': '',
    locked:
      '<path d="M14 17v-1.4a3 3 0 0 1 6 0V17M13 17h8v4h-8z" fill="none" stroke="#000" stroke-width="1.6" stroke-linejoin="round"/>',
    problem: '<path d="M17 13v4.2M17 20.2v.2" stroke="#000" stroke-width="2.2" stroke-linecap="round"/>',
  };
  const masked = state === 'waiting' || state === 'locked' || state === 'problem';
  return `<mask id="m"><rect width="22" height="22" fill="#fff"/>${masked ? hole : ''}</mask>
    <g mask="url(#m)">${key('#000', 2)}</g>${marks[state]}`;
}

async function draw(page: Page, svg: string, size: number, file: string): Promise<void> {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(
    `<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`,
  );
  await page.screenshot({ path: join(folder, file), omitBackground: true });
}

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const page = await browser.newPage();
const tray = (shapes: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 22 22">${shapes}</svg>`;

const icon = await readFile(join(folder, 'icon.svg'), 'utf8');
await draw(page, icon, 512, 'icon.png');
for (const size of [16, 24, 32, 48, 64, 128, 256, 512, 1024])
  await draw(page, icon, size, `icons/${size}x${size}.png`);
for (const state of states) {
  for (const size of [16, 22, 32, 44])
    await draw(page, tray(colourImage(state)), size, `tray/${state}-${size}.png`);
  for (const size of [16, 32])
    await draw(page, tray(templateImage(state)), size, `tray/${state}-template-${size}.png`);
}
await browser.close();
