/* Plays kick.wav from QSPI flash, at its own speed whatever rate the program runs at. To put it there:

       dfu daisy pack kick.wav --decode-wav -o assets.bin --header assets.h
       dfu daisy assets load assets.bin

   In libDaisy's audio callback: out[0][i] = play(&kick, hw.AudioSampleRate()); */
#ifndef PLAY_SAMPLE_H
#define PLAY_SAMPLE_H
#include "assets.h"

#if ASSETS_KICK_WAV_FLOAT || ASSETS_KICK_WAV_BITS != 16
#error "play() takes samples of 16 bits: save kick.wav in that format"
#endif

/* What sounds: starts when at is set to 0, and is silent in the end. */
typedef struct {
    double at; /* the frame that is played next, and how far it is to the one behind it */
} voice;

/* The next value of the first channel, -1 to 1, for a program with this many frames in a second. */
static inline float play(voice *v, float rate) {
    const int16_t *samples = (const int16_t *)ASSETS_KICK_WAV;
    uint32_t frame = (uint32_t)v->at;
    if (frame + 1 >= ASSETS_KICK_WAV_FRAMES) return 0.0f;
    float here = samples[frame * ASSETS_KICK_WAV_CHANNELS];
    float next = samples[(frame + 1) * ASSETS_KICK_WAV_CHANNELS];
    float between = (float)(v->at - frame);
    v->at += ASSETS_KICK_WAV_RATE / (double)rate;
    return (here + (next - here) * between) / 32768.0f;
}

#endif
