export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A screen as Electron tells of it, in points: what counts is the same whatever the scale of each screen. */
export interface Screen {
  bounds: Box;
  /** Without taskbars, docks and menu bars. */
  workArea: Box;
}

type Edge = 'top' | 'bottom' | 'left' | 'right';

const gap = 8;

/**
 * Where the tray icon is. Some desktops do not tell; the pointer stands at it then, if it stands on a panel: what is in the
 * screen and not in its work area.
 */
export function iconPlace(
  told: Box,
  pointer: { x: number; y: number },
  screens: readonly Screen[],
): Box | undefined {
  if (told.width > 0 && told.height > 0) return told;
  const point = { ...pointer, width: 0, height: 0 };
  return screens.some(({ bounds, workArea }) => holds(bounds, point) && !holds(workArea, point))
    ? point
    : undefined;
}

/**
 * Where a small window goes that belongs to the tray icon: between the icon and the middle of its screen, never over the
 * taskbar, and no larger than the work area.
 */
export function besideIcon(
  icon: Box,
  screens: readonly Screen[],
  size: { width: number; height: number },
): Box | undefined {
  const screen = nearest(icon, screens);
  if (screen === undefined) return undefined;
  const { workArea: area } = screen;
  const width = Math.min(size.width, area.width - 2 * gap);
  const height = Math.min(size.height, area.height - 2 * gap);
  const middle = middleOf(icon);
  const wanted = {
    top: { x: middle.x - width / 2, y: icon.y + icon.height + gap },
    bottom: { x: middle.x - width / 2, y: icon.y - height - gap },
    left: { x: icon.x + icon.width + gap, y: middle.y - height / 2 },
    right: { x: icon.x - width - gap, y: middle.y - height / 2 },
  }[edgeOf(icon, screen)];
  return {
    x: Math.round(within(wanted.x, area.x + gap, area.x + area.width - width - gap)),
    y: Math.round(within(wanted.y, area.y + gap, area.y + area.height - height - gap)),
    width,
    height,
  };
}

/** Of the screen, that whose taskbar has the icon; where none has, as with one that hides itself, the nearest. */
function edgeOf(icon: Box, { bounds, workArea }: Screen): Edge {
  const { x, y } = middleOf(icon);
  if (y >= bottomOf(workArea)) return 'bottom';
  if (y < workArea.y) return 'top';
  if (x < workArea.x) return 'left';
  if (x >= rightOf(workArea)) return 'right';
  const distances: [Edge, number][] = [
    ['bottom', bottomOf(bounds) - y],
    ['top', y - bounds.y],
    ['left', x - bounds.x],
    ['right', rightOf(bounds) - x],
  ];
  return distances.reduce((best, each) => (each[1] < best[1] ? each : best))[0];
}

/** The screen that has the middle of the icon, or the one that it is least far from: between screens of several scales are gaps. */
function nearest(icon: Box, screens: readonly Screen[]): Screen | undefined {
  const { x, y } = middleOf(icon);
  const far = ({ bounds }: Screen): number =>
    Math.hypot(x - within(x, bounds.x, rightOf(bounds)), y - within(y, bounds.y, bottomOf(bounds)));
  return (
    screens.find(({ bounds }) => holds(bounds, { x, y })) ?? screens.toSorted((a, b) => far(a) - far(b))[0]
  );
}

const rightOf = ({ x, width }: Box): number => x + width;
const bottomOf = ({ y, height }: Box): number => y + height;
const middleOf = ({ x, y, width, height }: Box) => ({ x: x + width / 2, y: y + height / 2 });
const within = (value: number, least: number, most: number): number => Math.max(least, Math.min(value, most));
const holds = (box: Box, { x, y }: { x: number; y: number }): boolean =>
  x >= box.x && x < rightOf(box) && y >= box.y && y < bottomOf(box);
