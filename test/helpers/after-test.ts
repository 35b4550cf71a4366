const closing: (() => unknown)[] = [];

/** Closes something after the test. A hook in a helper would run only for the first file of a worker. */
export function afterTest(close: () => unknown): void {
  closing.push(close);
}

export async function closeAll(): Promise<void> {
  await Promise.all(closing.splice(0).map((close) => close()));
}
