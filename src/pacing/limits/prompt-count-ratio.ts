/** Weight of one measured interval. */
const GAIN = 0.2;
const MIN_STEP = 0.5;
const MAX_STEP = 1.5;
const MIN_RATIO = 0.25;

/**
 * Fraction of a prompt's tokens that the provider counts on arrival. OpenAI estimates from the prompt's characters and
 * never corrects that; the usage in answers is in tokens, which for e-mails or code are a third more.
 */
export class PromptCountRatio {
  value = 1;

  /** In one interval we counted `own` for our calls, and the provider `counted`. */
  learn(own: number, counted: number): void {
    if (own <= 0) return;
    const step = Math.min(MAX_STEP, Math.max(MIN_STEP, counted / own)) - 1;
    this.value = Math.min(1, Math.max(MIN_RATIO, this.value * (1 + GAIN * step)));
  }
}
