/* empty css             */import{a as e,i as t,n,r,t as i}from"./status-DsVGJefL.js";import{E as a,O as o,T as s,_ as c,c as l,g as u,i as d,k as f,n as p,p as m,r as h,v as g,y as _}from"./early-BiAXwJPr.js";var v=class extends d{static properties={...d.properties,first:{attribute:!1}};#e;isNothing(e){return e===null}watch(e,t){return e.watchCampaign(this.campaign,t,this.first)}createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),this.addEventListener(`totals-change`,this.#t)}disconnectedCallback(){super.disconnectedCallback(),this.removeEventListener(`totals-change`,this.#t)}#t(){if(l())return;this.#e?.cancel();let e={boxShadow:`0 0 0 0.25rem var(--lit)`,borderColor:`var(--totals-glow)`};this.#e=this.querySelector(`article`)?.animate([e,{}],{duration:2400,easing:`ease-out`})}render(){let{campaign:t,words:n}=this,i=this.view?.value,a=i?e(n,i):``,s=g(t,i?.title);return f`<article>
      <header>
        <h3>
          ${u(t)?f`<a href=${r(`/campaigns/${encodeURIComponent(t)}`)} dir="auto">${s}</a>`:f`<bdi dir="auto">${s}</bdi>`}
        </h3>
        ${a?f`<span class="when">${a}</span>`:o}
      </header>
      <campaign-total campaign=${t} details quiet beside></campaign-total>
      <campaign-thermometer campaign=${t} brief></campaign-thermometer>
    </article>`}},y=1e4,b=`/api/totals/campaigns?limit=24&sortBy=totalAmount&sortOrder=desc`;async function x(e){let t=e?`/api/totals/campaigns?limit=24&cursor=${encodeURIComponent(e)}`:b,n=await fetch(t,{signal:AbortSignal.timeout(y)});if(!n.ok)throw Error(`the list of campaigns: ${n.status}`);let r=_(await n.text()),i=c(r)&&c(r.data)?r.data:{};if(!Array.isArray(i.totals))throw Error(`the list of campaigns: this is no answer of the API`);let a=i.totals.map(m).filter(e=>e!==void 0&&S(e));return typeof i.nextCursor==`string`?{campaigns:a,next:i.nextCursor}:{campaigns:a}}function S({status:e,pledges:t}){return t>0||e?.toUpperCase()!==`DRAFT`}var C=3e3,w=6e4,{words:T,isWall:E}=t(),D=class extends a{static properties={campaigns:{state:!0},next:{state:!0},failed:{state:!0}};createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),E||this.#e()}async#e(){document.hidden||await this.#t(),setTimeout(()=>void this.#e(),this.failed?C:w)}async#t(e){try{let t=await x(e),n=this.campaigns===void 0,r=new Set(this.campaigns?.map(({id:e})=>e));this.campaigns=[...this.campaigns??[],...t.campaigns.filter(({id:e})=>!r.has(e))],(n||e)&&(this.next=t.next),this.failed=!1}catch{this.failed=!0}}render(){return f`<section class="hero">
        <h1 class="eyebrow">${T.say(`raisedTogether`)}</h1>
        <platform-total details ?over=${E}></platform-total>
      </section>
      ${E?o:f`<growth-history></growth-history>${this.#n()}`}
      <footer><live-status></live-status></footer>`}#n(){return f`<section aria-labelledby="campaigns">
      <h2 id="campaigns">${T.say(`campaignList`)}</h2>
      ${this.#r()}
      ${this.next?f`<button class="more" @click=${()=>this.#t(this.next)}>${T.say(`more`)}</button>`:o}
    </section>`}#r(){let{campaigns:e}=this;return e===void 0?this.failed?f`<p class="note">${T.say(`unavailable`)}</p>`:o:e.length===0?f`<p class="note">${T.say(`none`)}</p>`:f`<ul class="cards">
      ${s(e,({id:e})=>e,e=>f`<li><campaign-card .first=${e} campaign=${e.id}></campaign-card></li>`)}
    </ul>`}};document.title=T.say(`raisedTogether`),p().then(()=>{h(),customElements.define(`campaign-card`,v),customElements.define(`growth-history`,n),customElements.define(`live-status`,i),customElements.define(`home-page`,D)});