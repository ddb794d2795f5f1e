import styles from './qr.module.css';

/** A QR code out of its modules, dark ones true, with the quiet zone that the matrix brings along. */
export function Qr({ modules, label }: { modules: boolean[][]; label: string }) {
  const size = modules.length;
  return (
    <svg
      role="img"
      aria-label={label}
      className={styles['qr']}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={outline(modules)} fill="#000" />
    </svg>
  );
}

/** One bar for each run of dark modules in a row, so that no hairline shows between neighbours. */
function outline(modules: boolean[][]): string {
  return modules
    .flatMap((row, y) =>
      Array.from(runs(row), ({ start, length }) => `M${start} ${y}h${length}v1h-${length}z`),
    )
    .join('');
}

function* runs(row: boolean[]): Generator<{ start: number; length: number }> {
  let start = -1;
  for (let x = 0; x <= row.length; x += 1) {
    if (row[x] === true) {
      if (start < 0) start = x;
    } else if (start >= 0) {
      yield { start, length: x - start };
      start = -1;
    }
  }
}
