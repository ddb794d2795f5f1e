/** Line drawings on a 20 × 20 grid. They only ever accompany words, so they are hidden from assistive technology. */
const drawings = {
  activity: 'M2.5 10.5h3.2l2.3-6 3.8 11 2.3-5h3.4',
  alert: 'M10 3.2 17.8 16.4H2.2L10 3.2ZM10 8v4M10 14.2v.1',
  check: 'M4.2 10.6 8.2 14.5 15.8 5.8',
  clock: 'M10 17.2a7.2 7.2 0 1 0 0-14.4 7.2 7.2 0 0 0 0 14.4ZM10 6v4.2l2.8 1.8',
  copy: 'M7.2 7.2V4.4c0-.7.5-1.2 1.2-1.2h7.2c.7 0 1.2.5 1.2 1.2v7.2c0 .7-.5 1.2-1.2 1.2h-2.8M4.4 7.2h7.2c.7 0 1.2.5 1.2 1.2v7.2c0 .7-.5 1.2-1.2 1.2H4.4c-.7 0-1.2-.5-1.2-1.2V8.4c0-.7.5-1.2 1.2-1.2Z',
  database:
    'M3.8 5.4c0-1.4 2.8-2.4 6.2-2.4s6.2 1 6.2 2.4-2.8 2.4-6.2 2.4-6.2-1-6.2-2.4ZM3.8 5.4v9.2c0 1.4 2.8 2.4 6.2 2.4s6.2-1 6.2-2.4V5.4M3.8 10c0 1.4 2.8 2.4 6.2 2.4s6.2-1 6.2-2.4',
  folder:
    'M2.8 15V5.4c0-.7.5-1.2 1.2-1.2h3.6l1.8 2h6.6c.7 0 1.2.5 1.2 1.2V15c0 .7-.5 1.2-1.2 1.2H4c-.7 0-1.2-.5-1.2-1.2Z',
  key: 'M7 12.9a3.9 3.9 0 1 0 0-7.8 3.9 3.9 0 0 0 0 7.8ZM10.8 9h6.7M14.2 9v3M17 9v2.2',
  open: 'M11.4 3.4h5.2v5.2M16.6 3.4 9.2 10.8M13.8 11.6v3.8c0 .7-.5 1.2-1.2 1.2h-8c-.7 0-1.2-.5-1.2-1.2v-8c0-.7.5-1.2 1.2-1.2h3.8',
  people:
    'M7.4 9.4a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM2.4 16.2c0-2.6 2.2-4.4 5-4.4s5 1.8 5 4.4M13 4.2a2.7 2.7 0 0 1 0 5M14.4 12c1.9.5 3.2 2 3.2 4.2',
  settings:
    'M3 6.2h7.4M15 6.2h2M3 13.8h2M9.6 13.8H17M12.7 8.5a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6ZM7.3 16.1a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6Z',
  shield: 'M10 2.8 16.2 5v4.6c0 3.6-2.5 6.3-6.2 7.6-3.7-1.3-6.2-4-6.2-7.6V5L10 2.8Z',
} as const;

export type IconName = keyof typeof drawings;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={drawings[name]} />
    </svg>
  );
}
