/** How strong something is: up to three bars that grow, so that nobody needs to tell colours apart. The word stands beside it. */
export function Marks({ filled }: { filled: number }) {
  return (
    <svg className="marks" viewBox="0 0 16 12" aria-hidden="true">
      {[1, 2, 3].map((n) => (
        <rect
          key={n}
          x={(n - 1) * 5.5 + 0.5}
          y={12 - n * 4 + 0.5}
          width={4}
          height={n * 4 - 1}
          fill={n <= filled ? "currentColor" : "none"}
          stroke="currentColor"
        />
      ))}
    </svg>
  );
}
