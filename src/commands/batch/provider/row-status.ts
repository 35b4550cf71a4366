/** Whether a row that was answered so would be answered otherwise later: nobody pays for those. */
export const isPassingStatus = (status: number): boolean => status >= 500 || [408, 409, 425, 429].includes(status);
