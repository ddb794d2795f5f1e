import { describe, expect, test } from 'vitest';
import { besideIcon, type Box, iconPlace, type Screen } from '../../main/desktop/beside-icon.ts';

const size = { width: 380, height: 560 };
const box = (x: number, y: number, width: number, height: number): Box => ({ x, y, width, height });
const screen = (bounds: Box, workArea: Box): Screen => ({ bounds, workArea });
const full = box(0, 0, 1920, 1080);

const taskbars = {
  bottom: screen(full, box(0, 0, 1920, 1040)),
  top: screen(full, box(0, 25, 1920, 1055)),
  left: screen(full, box(60, 0, 1860, 1080)),
  right: screen(full, box(0, 0, 1860, 1080)),
};

const inside = (inner: Box, outer: Box): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

describe('the place of the window beside the icon', () => {
  test('is at the taskbar, on whichever edge that is, with its middle at the icon', () => {
    expect(besideIcon(box(1500, 1048, 24, 24), [taskbars.bottom], size)).toEqual(box(1322, 472, 380, 560));
    expect(besideIcon(box(1500, 0, 24, 24), [taskbars.top], size)).toEqual(box(1322, 33, 380, 560));
    expect(besideIcon(box(18, 500, 24, 24), [taskbars.left], size)).toEqual(box(68, 232, 380, 560));
    expect(besideIcon(box(1878, 500, 24, 24), [taskbars.right], size)).toEqual(box(1472, 232, 380, 560));
  });

  test('stays in the work area where the icon is in a corner', () => {
    expect(besideIcon(box(1890, 1048, 24, 24), [taskbars.bottom], size)).toEqual(box(1532, 472, 380, 560));
    expect(besideIcon(box(2, 0, 24, 24), [taskbars.top], size)).toEqual(box(8, 33, 380, 560));
    expect(besideIcon(box(18, 1050, 24, 24), [taskbars.left], size)).toEqual(box(68, 512, 380, 560));
    expect(besideIcon(box(1878, 2, 24, 24), [taskbars.right], size)).toEqual(box(1472, 8, 380, 560));
  });

  test('is beside an icon that lies in the work area: in a panel that hides itself, or among the hidden icons', () => {
    const hides = [screen(full, full)];
    expect(besideIcon(box(1500, 1052, 24, 24), hides, size)).toEqual(box(1322, 484, 380, 560));
    expect(besideIcon(box(1500, 2, 24, 24), hides, size)).toEqual(box(1322, 34, 380, 560));
    expect(besideIcon(box(2, 500, 24, 24), hides, size)).toEqual(box(34, 232, 380, 560));
    expect(besideIcon(box(1894, 500, 24, 24), hides, size)).toEqual(box(1506, 232, 380, 560));
    const flyout = box(1620, 930, 24, 24);
    const place = besideIcon(flyout, [taskbars.bottom], size);
    expect(place && place.y + place.height).toBeLessThan(flyout.y);
  });

  test('is on the screen of the icon, left of the first one, above it, or between two scales', () => {
    const left = screen(box(-1280, 100, 1280, 720), box(-1280, 100, 1280, 680));
    const above = screen(box(0, -1440, 2560, 1440), box(0, -1440, 2560, 1400));
    const all = [taskbars.bottom, left, above];
    const onLeft = besideIcon(box(-100, 788, 24, 24), all, size);
    expect(onLeft && inside(onLeft, left.workArea)).toBe(true);
    const onAbove = besideIcon(box(2500, -30, 24, 24), all, size);
    expect(onAbove && inside(onAbove, above.workArea)).toBe(true);
    // A screen of 150 % begins where one of 100 % ends; in points there is a gap between them.
    const dense = screen(box(1920, 0, 1280, 720), box(1920, 0, 1280, 693));
    const inGap = besideIcon(box(2900, 725, 16, 16), [taskbars.bottom, dense], size);
    expect(inGap && inside(inGap, dense.workArea)).toBe(true);
  });

  test('is no larger than the work area, and whole points', () => {
    const small = screen(box(0, 0, 360, 480), box(0, 0, 360, 440));
    expect(besideIcon(box(300, 445, 16, 16), [small], size)).toEqual(box(8, 8, 344, 424));
    const place = besideIcon(box(700.5, 1048, 23.3, 24), [taskbars.bottom], size);
    expect(Object.values(place ?? { x: 0.5 }).every((value) => Number.isInteger(value))).toBe(true);
  });

  test('is nowhere where there is no screen', () => {
    expect(besideIcon(box(0, 0, 24, 24), [], size)).toBeUndefined();
  });

  test('is in the work area wherever the icon is', () => {
    for (const each of Object.values(taskbars))
      for (let x = -50; x < 2000; x += 137)
        for (let y = -50; y < 1150; y += 113) {
          const place = besideIcon(box(x, y, 24, 24), [each], size);
          expect(place && inside(place, each.workArea), `${x},${y}`).toBe(true);
        }
  });
});

describe('the place of the icon', () => {
  const none = box(0, 0, 0, 0);

  test('is what the system tells', () => {
    const told = box(1500, 1048, 24, 24);
    expect(iconPlace(told, { x: 5, y: 5 }, [taskbars.bottom])).toBe(told);
  });

  test('is the pointer on a panel where the system tells none', () => {
    expect(iconPlace(none, { x: 1510, y: 1060 }, [taskbars.bottom])).toEqual(box(1510, 1060, 0, 0));
    expect(iconPlace(none, { x: 30, y: 500 }, [taskbars.bottom, taskbars.left])).toEqual(box(30, 500, 0, 0));
  });

  test('is not known where the pointer is elsewhere, or no screen has a panel', () => {
    expect(iconPlace(none, { x: 0, y: 0 }, [taskbars.bottom])).toBeUndefined();
    expect(iconPlace(none, { x: 1510, y: 1060 }, [screen(full, full)])).toBeUndefined();
    expect(iconPlace(none, { x: 1510, y: 5000 }, [taskbars.bottom])).toBeUndefined();
  });
});
