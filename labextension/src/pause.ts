/**
 * Resolve after some milliseconds.
 */
export function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => {
    window.setTimeout(resolve, milliseconds);
  });
}
