/**
 * One changelog entry for each changeset: what it says, without the hash of a commit that its reader would have to look up,
 * and without the line breaks of its source, which differ from file to file.
 */
const flow = (text) =>
  text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => (/^\s*[-|]/.test(paragraph) ? paragraph : paragraph.replaceAll(/\s*\n\s*/g, ' ')))
    .join('\n\n')
    .replaceAll('\n', '\n  ');

module.exports = {
  getReleaseLine: async ({ summary }) => `- ${flow(summary)}`,
  getDependencyReleaseLine: async () => '',
};
