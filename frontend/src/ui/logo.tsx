/** The mark: an outline on a slice. */
export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden>
      <circle cx="12" cy="12" r="10" stroke="var(--line-strong)" strokeWidth="1.5" />
      <path
        d="M7.2 12.6c-.6-3.4 1.7-6.3 5-6.2 3 .1 4.2 2 4.9 4.3.8 2.7-.6 6.6-4 6.9-3.200.3-5.400-1.800-5.900-5z"
        stroke="var(--accent)"
        strokeWidth="2"
      />
    </svg>
  );
}
