/** The latchkey, as in assets/icon.svg. */
export function Logo({ size }: { size: number }) {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 64 64">
      <rect x="2" y="2" width="60" height="60" rx="15" fill="#0c5c5d" />
      <path d="M2 40 40 2h7a15 15 0 0 1 15 15v7L24 62h-7A15 15 0 0 1 2 47z" fill="#fff" opacity=".05" />
      <g
        transform="rotate(-45 32 32)"
        fill="none"
        stroke="#f2c879"
        strokeWidth="4.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      >
        <circle cx="18.5" cy="32" r="8.8" />
        <path d="M27.5 32H54M43.5 32v7.4M51.4 32v5.6" />
      </g>
    </svg>
  );
}
