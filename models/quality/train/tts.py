"""Speaks the sentences below with flite and espeak-ng: synthetic voices that are clear, so that synthetic is not taken for broken.

Usage: tts.py OUT_DIR
"""
import os
import subprocess
import sys

SENTENCES = """Thank you for calling. How can I help you today?
Your appointment is booked for Tuesday the fourteenth at half past nine.
I'm sorry, I didn't catch that. Could you say your account number again, please?
The order was shipped yesterday and should reach you within three working days.
Let me check that for you. One moment, please.
Your current balance is two hundred and forty one dollars and sixteen cents.
We have a table for four near the window, or a quieter one in the back room.
Please hold the line while I transfer you to a colleague in the billing department.
The engineer will call you half an hour before he arrives.
You can change the delivery address on our web page until six o'clock tonight.
That flight is full, but there are still seats on the one at seven forty.
I have sent the confirmation to your e-mail address. Is there anything else?
The warranty covers the battery for two years, but not the screen.
To reset the router, press and hold the small button on its back for ten seconds.
Our opening hours are from eight in the morning until five in the afternoon.
Could you spell your last name for me?""".split("\n")
VOICES = [("flite", v) for v in ("kal16", "awb", "rms", "slt")] + [("espeak-ng", v) for v in ("en-us", "en-gb+f3", "en-gb-scotland+m5")]


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    for engine, voice in VOICES:
        for i, text in enumerate(SENTENCES):
            path = f"{out}/{engine}-{voice}-{i:02d}.wav"
            speak = ["flite", "-voice", voice, "-t", text, "-o", path] if engine == "flite" else ["espeak-ng", "-v", voice, "-w", path, text]
            subprocess.run(speak, check=True)


main()
