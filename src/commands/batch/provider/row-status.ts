/** Whether a row with this status may succeed later; such answers are not charged. */
export const isPassingStatus = (status: number): boolean => status >= 500 || [408, 409, 425, 429].includes(status);
