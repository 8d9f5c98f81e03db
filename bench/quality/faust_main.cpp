// faust_main.cpp - runs what Faust made of an oscillator of one input, its frequency by frame: doubles from
// standard input, doubles to standard output.
#include <cstdio>
#include <vector>

#define FAUSTFLOAT double

struct Meta {
    void declare(const char *, const char *) {}
};
struct UI {
    void openVerticalBox(const char *) {}
    void closeBox() {}
};
class dsp {
};

<<includeIntrinsic>>
<<includeclass>>

int main()
{
    static osc o;
    std::vector<double> in(48000), out(48000);
    double *ins[] = {in.data()};
    double *outs[] = {out.data()};
    o.init(48000);
    for (size_t n; (n = fread(in.data(), sizeof(double), in.size(), stdin)) > 0;) {
        o.compute(static_cast<int>(n), ins, outs);
        fwrite(out.data(), sizeof(double), n, stdout);
    }
}
