const closing: (() => unknown)[] = [];

/** Closes something when the test is over. A hook of a helper's own would run for the first file of a worker only. */
export function afterTest(close: () => unknown): void {
  closing.push(close);
}

export async function closeAll(): Promise<void> {
  await Promise.all(closing.splice(0).map((close) => close()));
}
